import type { AsgiReceive, InputStream } from '@highball/gateway-protocol';
import { AsgiProtocolError, ClientDisconnected } from './errors.ts';

const LF = 0x0a;

/** `wsgi.input` on the events of an http scope (PEP 3333, "Input and Error Streams"). */
export class ReceiveInput implements InputStream {
  readonly #receive: AsgiReceive;
  readonly #onEnd: () => void;
  #rest: Uint8Array | undefined;
  #ended = false;
  #gone = false;
  #reading = false;

  /** @param onEnd - the body was read to its end: what `receive` tells next is that the client has left. */
  constructor(receive: AsgiReceive, onEnd: () => void) {
    this.#receive = receive;
    this.#onEnd = onEnd;
  }

  async read(size?: number): Promise<Uint8Array> {
    return this.#exclusively(() => this.#collect(limitOf(size), false));
  }

  async readline(size?: number): Promise<Uint8Array> {
    return this.#exclusively(() => this.#collect(limitOf(size), true));
  }

  async readlines(hint?: number): Promise<Uint8Array[]> {
    // As file objects have it, 0 is no hint either.
    const most = limitOf(hint) || Number.POSITIVE_INFINITY;
    return this.#exclusively(async () => {
      const lines: Uint8Array[] = [];
      for (let length = 0; length < most;) {
        const line = await this.#collect(Number.POSITIVE_INFINITY, true);
        if (line.length === 0) break;
        lines.push(line);
        length += line.length;
      }
      return lines;
    });
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
    for (;;) {
      const chunk = await this.#exclusively(() => this.#next());
      if (chunk === undefined) return;
      yield chunk;
    }
  }

  /** Pieces up to so many bytes, up to the end of a line if that is wanted. */
  async #collect(most: number, lineWise: boolean): Promise<Uint8Array> {
    const parts: Uint8Array[] = [];
    let length = 0;
    while (length < most) {
      const chunk = await this.#next();
      if (chunk === undefined) break;
      const lineEnd = lineWise ? chunk.indexOf(LF) + 1 : 0;
      const end = Math.min(lineEnd === 0 ? chunk.length : lineEnd, most - length);
      if (end < chunk.length) this.#rest = chunk.subarray(end);
      parts.push(chunk.subarray(0, end));
      length += end;
      if (lineEnd !== 0 && end === lineEnd) break;
    }
    return parts.length === 1 ? (parts[0] as Uint8Array) : Buffer.concat(parts, length);
  }

  /** The next piece that is not empty; undefined at the end. */
  async #next(): Promise<Uint8Array | undefined> {
    const rest = this.#rest;
    this.#rest = undefined;
    if (rest !== undefined) return rest;
    while (!this.#ended) {
      if (this.#gone) throw new ClientDisconnected();
      const event = await this.#receive();
      if (event.type !== 'http.request') {
        this.#gone = true;
        continue;
      }
      if (event.more_body !== true) {
        this.#ended = true;
        this.#onEnd();
      }
      if (event.body?.length > 0) return event.body;
    }
    return undefined;
  }

  /** Two readers at a time would each get pieces of what the other one reads. */
  async #exclusively<Value>(read: () => Promise<Value>): Promise<Value> {
    if (this.#reading) {
      throw new AsgiProtocolError('CONCURRENT_READ', 'await one read of wsgi.input before the next');
    }
    this.#reading = true;
    try {
      return await read();
    } finally {
      this.#reading = false;
    }
  }
}

function limitOf(size: number | undefined): number {
  return size === undefined || size < 0 ? Number.POSITIVE_INFINITY : size;
}

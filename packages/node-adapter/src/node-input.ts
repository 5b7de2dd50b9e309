import type { InputStream } from '@highball/gateway-protocol';
import type { IncomingMessage } from 'node:http';
import { AdapterUsageError, ClientGoneError } from './errors.ts';

const LF = 0x0a;

/** The body of a node:http request as `wsgi.input` (PEP 3333, "Input and Error Streams"). */
export class NodeInput implements InputStream {
  readonly #request: IncomingMessage;
  /** What was read from the request and not yet by the application. */
  #rest: Uint8Array | undefined;
  #listening = false;
  #wake: (() => void) | undefined;

  constructor(request: IncomingMessage) {
    this.#request = request;
  }

  async read(size?: number): Promise<Uint8Array> {
    const most = limitOf(size);
    const parts: Uint8Array[] = [];
    let length = 0;
    while (length < most) {
      const part = await this.#next(most - length);
      if (part === undefined) break;
      parts.push(part);
      length += part.length;
    }
    return join(parts, length);
  }

  async readline(size?: number): Promise<Uint8Array> {
    const most = limitOf(size);
    const parts: Uint8Array[] = [];
    let length = 0;
    while (length < most) {
      const part = await this.#next(most - length, true);
      if (part === undefined) break;
      parts.push(part);
      length += part.length;
      if (part.at(-1) === LF) break;
    }
    return join(parts, length);
  }

  async readlines(hint?: number): Promise<Uint8Array[]> {
    // As file objects have it, 0 is no hint either.
    const most = limitOf(hint) || Number.POSITIVE_INFINITY;
    const lines: Uint8Array[] = [];
    let length = 0;
    while (length < most) {
      const line = await this.readline();
      if (line.length === 0) break;
      lines.push(line);
      length += line.length;
    }
    return lines;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
    for (;;) {
      const chunk = await this.#next(Number.POSITIVE_INFINITY);
      if (chunk === undefined) return;
      yield chunk;
    }
  }

  /** The next piece: at most so many bytes, up to the end of a line if that is wanted; undefined at the end. */
  async #next(most: number, lineWise = false): Promise<Uint8Array | undefined> {
    const chunk = this.#rest ?? (await this.#receive());
    if (chunk === undefined) return undefined;
    const lineEnd = lineWise ? chunk.indexOf(LF) + 1 : 0;
    const size = lineEnd === 0 ? most : Math.min(most, lineEnd);
    this.#rest = size < chunk.length ? chunk.subarray(size) : undefined;
    return chunk.subarray(0, size);
  }

  async #receive(): Promise<Uint8Array | undefined> {
    const request = this.#request;
    for (;;) {
      const chunk = request.read() as Uint8Array | null;
      if (chunk !== null) return chunk;
      if (request.readableEnded) return undefined;
      if (request.destroyed) throw new ClientGoneError({ cause: request.errored ?? undefined });
      this.#listen();
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  #listen(): void {
    if (this.#listening) return;
    this.#listening = true;
    const wake = (): void => this.#wake?.();
    this.#request.on('readable', wake).on('end', wake).on('error', wake).on('close', wake);
  }
}

/** How much a read may return. */
function limitOf(size: number | undefined): number {
  if (size === undefined || size < 0) return Number.POSITIVE_INFINITY;
  if (Number.isInteger(size) || size === Number.POSITIVE_INFINITY) return size;
  throw new AdapterUsageError('BAD_OPTION', `wsgi.input reads a whole number of bytes, not ${size}`);
}

function join(parts: readonly Uint8Array[], length: number): Uint8Array {
  return parts.length === 1 ? (parts[0] as Uint8Array) : Buffer.concat(parts, length);
}

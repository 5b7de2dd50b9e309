import { createWorker, type Worker, type WorkerOptions } from '@highball/async-worker';
import type { Application } from '@highball/gateway-protocol';
import { RawClient } from '@highball/testkit';
import { once } from 'node:events';
import { WebSocket } from 'ws';
import type { Clock } from '../src/index.ts';

/** A clock that stands still until it is moved. */
export class TestClock implements Clock {
  #now = 0;
  readonly #timers = new Set<{ due: number; callback: () => void }>();

  after(ms: number, callback: () => void): () => void {
    const timer = { due: this.#now + ms, callback };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  /** Timers that have yet to go off. */
  get pending(): number {
    return this.#timers.size;
  }

  /** Lets time pass, in steps of what is due. */
  advance(ms: number): void {
    const end = this.#now + ms;
    for (;;) {
      const next = [...this.#timers].toSorted((a, b) => a.due - b.due)[0];
      if (next === undefined || next.due > end) break;
      this.#now = next.due;
      this.#timers.delete(next);
      next.callback();
    }
    this.#now = end;
  }
}

/** A worker that is being tested: `await using server = await serve(app)`. */
export interface TestServer {
  readonly worker: Worker;
  readonly port: number;
  /** What was written to `wsgi.errors` or logged as an error. */
  readonly errors: string[];
  /** Opens a WebSocket with the client of ws, and waits until it is open. */
  open(options?: {
    protocols?: string[];
    headers?: Record<string, string>;
    deflate?: boolean;
  }): Promise<WebSocket>;
  /** Sends a handshake by hand; frames follow by hand as well. */
  openRaw(...lines: string[]): Promise<RawWebSocket>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** A real worker on a loopback port. */
export async function serve(app: Application, options: WorkerOptions = {}): Promise<TestServer> {
  const errors: string[] = [];
  const ignore = (): void => undefined;
  const error = (message: string, details?: object): void => {
    errors.push(`${message} ${String((details as { err?: unknown } | undefined)?.err ?? '')}`.trim());
  };
  const log = { error, warn: error, info: ignore, debug: ignore };
  const worker = createWorker(app, { log, ...options });
  const { port } = await worker.listen({ port: 0 });
  const clients: { close(): void }[] = [];
  return {
    worker,
    port,
    errors,
    async open({ protocols = [], headers = {}, deflate = false } = {}) {
      const client = new WebSocket(`ws://127.0.0.1:${port}/chat?room=1`, protocols, {
        headers,
        perMessageDeflate: deflate,
      });
      clients.push({ close: () => client.terminate() });
      await once(client, 'open');
      return client;
    },
    async openRaw(...lines) {
      const raw = await RawClient.connect(port);
      clients.push({ close: () => raw.destroy() });
      raw.send(handshake(lines));
      await raw.until('\r\n\r\n');
      return new RawWebSocket(raw);
    },
    async [Symbol.asyncDispose]() {
      for (const client of clients) client.close();
      await worker.close();
    },
  };
}

/** The key and its answer of RFC 6455 §1.3. */
export const KEY = 'dGhlIHNhbXBsZSBub25jZQ==';
export const ACCEPT = 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=';

/** A handshake; a line replaces that of the same name, and a line without a value leaves it out. */
export function handshake(lines: readonly string[] = [], start = 'GET /chat HTTP/1.1'): string {
  const fields = new Map([
    ['host', 'Host: example.org'],
    ['upgrade', 'Upgrade: websocket'],
    ['connection', 'Connection: Upgrade'],
    ['sec-websocket-key', `Sec-WebSocket-Key: ${KEY}`],
    ['sec-websocket-version', 'Sec-WebSocket-Version: 13'],
  ]);
  for (const line of lines) {
    const [name = '', value = ''] = line.split(/: ?(.*)/);
    if (value === '') fields.delete(name.toLowerCase());
    else fields.set(name.toLowerCase(), line);
  }
  return `${[start, ...fields.values()].join('\r\n')}\r\n\r\n`;
}

/** A frame of the server, as it came. */
export interface Frame {
  fin: boolean;
  opcode: number;
  payload: Buffer;
}

export const TEXT = 0x1;
export const BINARY = 0x2;
export const CONTINUATION = 0x0;
export const CLOSE = 0x8;
export const PING = 0x9;
export const PONG = 0xa;

/** A client that says what it wants, frame by frame. */
export class RawWebSocket {
  readonly client: RawClient;

  constructor(client: RawClient) {
    this.client = client;
  }

  get head(): string {
    return this.client.received.split('\r\n\r\n', 1)[0] ?? '';
  }

  /** The frames that have come so far. */
  get frames(): Frame[] {
    const bytes = Buffer.from(this.client.received.slice(this.head.length + 4), 'latin1');
    const frames: Frame[] = [];
    for (let at = 0; at + 2 <= bytes.length;) {
      const first = bytes[at] as number;
      let length = bytes[at + 1] as number;
      at += 2;
      if (length === 126) {
        length = bytes.readUInt16BE(at);
        at += 2;
      } else if (length === 127) {
        length = Number(bytes.readBigUInt64BE(at));
        at += 8;
      }
      if (at + length > bytes.length) break;
      frames.push({ fin: first >= 0x80, opcode: first & 0xf, payload: bytes.subarray(at, at + length) });
      at += length;
    }
    return frames;
  }

  send(
    opcode: number,
    payload: string | Uint8Array = '',
    options: { fin?: boolean; rsv?: number } = {},
  ): void {
    this.client.send(frame(opcode, payload, options));
  }

  /** Waits until the server has sent so many frames. */
  async until(count: number): Promise<Frame[]> {
    while (this.frames.length < count) await once(this.client.socket, 'received');
    return this.frames;
  }

  /** The code of the close frame that the server sends; 1005 when it has none. */
  async closeCode(): Promise<number> {
    for (;;) {
      const close = this.frames.find(({ opcode }) => opcode === CLOSE);
      if (close !== undefined) return close.payload.length === 0 ? 1005 : close.payload.readUInt16BE();
      await once(this.client.socket, 'received');
    }
  }
}

/** A masked frame (RFC 6455 §5.2). */
export function frame(
  opcode: number,
  payload: string | Uint8Array = '',
  { fin = true, rsv = 0, mask = true }: { fin?: boolean; rsv?: number; mask?: boolean } = {},
): Buffer {
  const data = Buffer.from(payload as string);
  const head = Buffer.alloc(data.length < 126 ? 2 : data.length < 65_536 ? 4 : 10);
  head[0] = (fin ? 0x80 : 0) | (rsv << 4) | opcode;
  const bit = mask ? 0x80 : 0;
  if (data.length < 126) head[1] = bit | data.length;
  else if (data.length < 65_536) {
    head[1] = bit | 126;
    head.writeUInt16BE(data.length, 2);
  } else {
    head[1] = bit | 127;
    head.writeBigUInt64BE(BigInt(data.length), 2);
  }
  // A mask of zeros is one: the payload stays readable.
  return Buffer.concat([head, Buffer.alloc(mask ? 4 : 0), data]);
}

/** Resolves when it has become true, or after half a minute. */
export async function until(condition: () => boolean): Promise<void> {
  const deadline = Date.now() + 30_000;
  while (!condition() && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 5));
}

/** A promise, and what resolves it. */
export function gate<Value = void>(): { promise: Promise<Value>; open: (value: Value) => void } {
  const { promise, resolve } = Promise.withResolvers<Value>();
  return { promise, open: resolve };
}

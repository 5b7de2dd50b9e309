import zlib from 'node:zlib';
import { createWorker } from '@highball/async-worker';
import type { Application, Environ, HeaderList, ResponseBody } from '@highball/gateway-protocol';
import { validate } from '@highball/gateway-validator';
import { RawClient } from '@highball/testkit';
import { compression, type CompressionOptions } from '../src/index.ts';

/** 10,000 bytes of text. */
export const TEXT: string = Array.from({ length: 600 }, (_, i) => `line ${i} of a text\n`)
  .join('')
  .slice(0, 10_000);

/** An environ of a GET with these fields. */
export function environOf(fields: Record<string, unknown> = {}): Environ {
  return { REQUEST_METHOD: 'GET', PATH_INFO: '/', HTTP_ACCEPT_ENCODING: 'gzip', ...fields } as never;
}

/** What came out of an application, as a server sees it. */
export interface Played {
  status: string;
  headers: HeaderList;
  /** The value of a field, all its occurrences joined; undefined when there is none. */
  field(name: string): string | undefined;
  body: Buffer;
  /** The body decoded by its Content-Encoding. */
  readonly text: string;
  /** Whether the body was there without a promise. */
  synchronous: boolean;
  pieces: Buffer[];
}

export const toBuffer = (piece: Uint8Array | string): Buffer => Buffer.from(piece as Uint8Array);

/** Undoes a coding. */
export function decode(coding: string | undefined, bytes: Buffer): Buffer {
  if (coding === undefined) return bytes;
  if (coding === 'gzip') return zlib.gunzipSync(bytes);
  return coding === 'br' ? zlib.brotliDecompressSync(bytes) : zlib.zstdDecompressSync(bytes);
}

/** Plays a server: calls the application, iterates its body to the end, closes it. */
export async function play(app: Application, environ: Environ = environOf()): Promise<Played> {
  let head: [string, HeaderList] | undefined;
  const pieces: Buffer[] = [];
  const returned = app(environ, (status, headers) => {
    head = [status, headers];
    return (chunk) => void pieces.push(toBuffer(chunk));
  });
  const body: ResponseBody = await returned;
  for await (const piece of body) pieces.push(toBuffer(piece));
  await body.close?.();
  if (head === undefined) throw new Error('the application never began its answer');
  const [status, headers] = head;
  const field = (name: string): string | undefined => {
    const values = headers.filter(([given]) => given.toLowerCase() === name.toLowerCase());
    return values.length === 0 ? undefined : values.map(([, value]) => value).join(' | ');
  };
  const whole = Buffer.concat(pieces);
  return {
    status,
    headers,
    field,
    body: whole,
    get text() {
      return whole.length === 0 ? '' : decode(field('Content-Encoding'), whole).toString();
    },
    synchronous: Array.isArray(returned),
    pieces,
  };
}

/** An application that answers these pieces, after the fields that are given. */
export function answering(body: ResponseBody, headers: HeaderList = [], status = '200 OK'): Application {
  return (_, startResponse) => {
    startResponse(status, [['Content-Type', 'text/plain; charset=utf-8'], ...headers]);
    return body;
  };
}

/** An application behind the middleware. */
export function compressed(app: Application, options: CompressionOptions = {}): Application {
  return compression(options)(app);
}

/** A body that comes piece by piece. */
export async function* piecewise(...pieces: (string | Uint8Array)[]): AsyncGenerator<string | Uint8Array> {
  for (const piece of pieces) {
    await Promise.resolve();
    yield piece;
  }
}

/** Collects what comes of a body, one piece at a time. */
export function iteratorOf(body: ResponseBody): AsyncIterator<Uint8Array | string> {
  return (body as AsyncIterable<Uint8Array | string>)[Symbol.asyncIterator]();
}

/** A server on a loopback port, with a validator on either side of the middleware. */
export interface TestServer {
  readonly port: number;
  /** What went wrong, as the log has it. */
  readonly errors: string[];
  connect(): Promise<RawClient>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Serves an application behind the middleware. */
export async function serve(app: Application, options: CompressionOptions = {}): Promise<TestServer> {
  const errors: string[] = [];
  const error = (message: string, details: object = {}): void => {
    errors.push(`${message}: ${String((details as { err?: unknown }).err)}`);
  };
  const silent = (): void => undefined;
  const worker = createWorker(validate(compression(options)(validate(app))), {
    log: { error, warn: error, info: silent, debug: silent },
  });
  const { port } = await worker.listen({ port: 0 });
  const clients: RawClient[] = [];
  return {
    port,
    errors,
    connect: async () => {
      const client = await RawClient.connect(port);
      clients.push(client);
      return client;
    },
    [Symbol.asyncDispose]: async () => {
      for (const client of clients) client.destroy();
      await worker.close();
    },
  };
}

/** Waits until something is so; for what no event tells. */
export async function until(condition: () => boolean, timeoutMs = 30_000): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`never came true: ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

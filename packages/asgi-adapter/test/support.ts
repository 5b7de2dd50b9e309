import { createWorker, type Worker, type WorkerOptions } from '@highball/async-worker';
import type {
  Application,
  AsgiApplication,
  AsgiReceiveEvent,
  AsgiSend,
  AsgiSendEvent,
} from '@highball/gateway-protocol';
import { RawClient } from '@highball/testkit';
import { type Clock, fromAsgi, type FromAsgiOptions } from '../src/index.ts';

/** A clock that stands still until it is moved. */
export class TestClock implements Clock {
  #now = 0;
  readonly #timers = new Set<{ due: number; callback: () => void }>();

  after(ms: number, callback: () => void): () => void {
    const timer = { due: this.#now + ms, callback };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  get pending(): number {
    return this.#timers.size;
  }

  advance(ms: number): void {
    this.#now += ms;
    for (const timer of this.#timers) {
      if (timer.due > this.#now) continue;
      this.#timers.delete(timer);
      timer.callback();
    }
  }
}

/** A worker that is being tested: `await using server = await serve(app)`. */
export interface TestServer {
  readonly worker: Worker;
  readonly port: number;
  /** What was logged as an error or a warning, or written to `wsgi.errors`. */
  readonly errors: string[];
  connect(): Promise<RawClient>;
  /** Sends a text, waits until the server closes, and returns what it said, without the Date. */
  exchange(text: string): Promise<string>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Serves a call-shaped application on a loopback port. */
export async function serve(app: Application, options: WorkerOptions = {}): Promise<TestServer> {
  const errors: string[] = [];
  const ignore = (): void => undefined;
  const error = (message: string, details?: object): void => {
    errors.push(`${message} ${String((details as { err?: unknown } | undefined)?.err ?? '')}`.trim());
  };
  const log = { error, warn: error, info: ignore, debug: ignore };
  const worker = createWorker(app, { log, ...options });
  const { port } = await worker.listen({ port: 0 });
  const clients: RawClient[] = [];
  const connect = async (): Promise<RawClient> => {
    const client = await RawClient.connect(port);
    clients.push(client);
    return client;
  };
  return {
    worker,
    port,
    errors,
    connect,
    async exchange(text) {
      const client = await connect();
      client.send(text);
      await client.closed;
      return client.received.replaceAll(/Date: [^\r]*\r\n/g, '');
    },
    async [Symbol.asyncDispose]() {
      for (const client of clients) client.destroy();
      await worker.close();
    },
  };
}

/** Serves an event-shaped application. */
export function serveAsgi(app: AsgiApplication, options: FromAsgiOptions = {}): Promise<TestServer> {
  return serve(fromAsgi(app, options).application);
}

/** A request of HTTP/1.1, the last of its connection. */
export function request(method: string, path: string, lines: readonly string[] = [], body = ''): string {
  const length = body === '' ? [] : [`Content-Length: ${Buffer.byteLength(body)}`];
  const fields = ['Host: example.org', 'Connection: close', ...length, ...lines];
  return `${[`${method} ${path} HTTP/1.1`, ...fields].join('\r\n')}\r\n\r\n${body}`;
}

export function get(path = '/', ...lines: string[]): string {
  return request('GET', path, lines);
}

/** The body of a response, as it stands on the wire. */
export function bodyOf(answer: string): string {
  return answer.slice(answer.indexOf('\r\n\r\n') + 4);
}

/** Sends a whole response. */
export async function respond(send: AsgiSend, text: string, status = 200): Promise<void> {
  await send({ type: 'http.response.start', status, headers: [['content-type', 'text/plain']] });
  await send({ type: 'http.response.body', body: Buffer.from(text) });
}

/** Reads the whole body of a request. */
export async function readBody(receive: () => Promise<AsgiReceiveEvent>): Promise<string> {
  let text = '';
  for (;;) {
    const event = await receive();
    if (event.type !== 'http.request') throw new Error(`got ${event.type}`);
    text += Buffer.from(event.body).toString('latin1');
    if (!event.more_body) return text;
  }
}

/** Resolves when it has become true; throws after half a minute. */
export async function until(condition: () => boolean): Promise<void> {
  const deadline = Date.now() + 30_000;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error('it has not become true');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** A promise, and what resolves it. */
export function gate<Value = void>(): { promise: Promise<Value>; open: (value: Value) => void } {
  const { promise, resolve } = Promise.withResolvers<Value>();
  return { promise, open: resolve };
}

export const START: AsgiSendEvent = {
  type: 'http.response.start',
  status: 200,
  headers: [['content-type', 'text/plain']],
};

export const PIECE = (body: string, more = true): AsgiSendEvent => ({
  type: 'http.response.body',
  body: Buffer.from(body),
  more_body: more,
});

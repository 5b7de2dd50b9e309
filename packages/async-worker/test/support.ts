import type { Application, Environ, StartResponse } from '@highball/gateway-protocol';
import { RawClient } from '@highball/testkit';
import {
  createWorker,
  type Clock,
  type Log,
  type ResponseRecord,
  type Worker,
  type WorkerOptions,
} from '../src/index.ts';

/** One line of the log. */
export interface LogEntry {
  level: keyof Log;
  message: string;
  details: Record<string, unknown>;
}

/** A log that is kept. */
export class TestLog implements Log {
  readonly entries: LogEntry[] = [];
  readonly error: Log['error'] = this.#keeper('error');
  readonly warn: Log['error'] = this.#keeper('warn');
  readonly info: Log['error'] = this.#keeper('info');
  readonly debug: Log['error'] = this.#keeper('debug');

  /** What was said of the errors that were logged at this level. */
  errors(level: keyof Log = 'error'): string[] {
    return this.entries
      .filter((entry) => entry.level === level)
      .map(
        ({ message, details }) =>
          `${message}: ${details['err'] instanceof Error ? details['err'].message : ''}`,
      );
  }

  /** The codes of the errors that were logged at this level. */
  codes(level: keyof Log = 'error'): unknown[] {
    return this.entries
      .filter((entry) => entry.level === level)
      .map(({ details }) => (details['err'] as { code?: string } | undefined)?.code);
  }

  #keeper(level: keyof Log): (message: string, details?: object) => void {
    return (message, details) => this.entries.push({ level, message, details: { ...details } });
  }
}

/** A clock that stands still until it is moved. */
export class TestClock implements Clock {
  #now = 1000;
  readonly #timers = new Set<{ ms: number; due: number; callback: () => void }>();

  now(): number {
    return this.#now;
  }

  every(ms: number, callback: () => void): () => void {
    const timer = { ms, due: this.#now + ms, callback };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  /** Lets time pass, in steps of what is due. */
  advance(ms: number): void {
    const end = this.#now + ms;
    for (;;) {
      const next = [...this.#timers].toSorted((a, b) => a.due - b.due)[0];
      if (next === undefined || next.due > end) break;
      this.#now = next.due;
      next.due += next.ms;
      next.callback();
    }
    this.#now = end;
  }
}

/** A worker that is being tested, closed at the end of the test: `await using server = await serve(app)`. */
export interface TestServer {
  readonly worker: Worker;
  readonly port: number;
  readonly log: TestLog;
  readonly clock: TestClock;
  readonly records: ResponseRecord[];
  connect(): Promise<RawClient>;
  /** Sends a text, waits until the server closes, and returns what it said. */
  exchange(text: string): Promise<string>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Serves an application on a loopback port, with a clock that stands still. */
export async function serve(app: Application, options: WorkerOptions = {}): Promise<TestServer> {
  const log = new TestLog();
  const clock = new TestClock();
  const records: ResponseRecord[] = [];
  const clients: RawClient[] = [];
  const worker = createWorker(app, { log, clock, onResponse: (record) => records.push(record), ...options });
  const { port } = await worker.listen({ port: 0 });
  const connect = async (): Promise<RawClient> => {
    const client = await RawClient.connect(port);
    clients.push(client);
    return client;
  };
  return {
    worker,
    port,
    log,
    clock,
    records,
    connect,
    exchange: async (text) => {
      const client = await connect();
      client.send(text);
      await client.closed;
      client.destroy();
      return client.received;
    },
    [Symbol.asyncDispose]: async () => {
      for (const client of clients) client.destroy();
      await worker.close();
    },
  };
}

/** A GET of HTTP/1.1. */
export function get(path: string, ...lines: string[]): string {
  return request('GET', path, lines);
}

/** A request of HTTP/1.1, with a body if there is one. */
export function request(method: string, path: string, lines: readonly string[] = [], body = ''): string {
  const length = body === '' ? [] : [`Content-Length: ${body.length}`];
  return `${[`${method} ${path} HTTP/1.1`, 'Host: example.org', ...length, ...lines].join('\r\n')}\r\n\r\n${body}`;
}

/** The last request of a connection. */
export function last(path: string, ...lines: string[]): string {
  return get(path, 'Connection: close', ...lines);
}

/** The body of the only response in a text. */
export function bodyOf(text: string): string {
  return text.slice(text.indexOf('\r\n\r\n') + 4);
}

/** The statuses in a text of responses, in order. */
export function statusesOf(text: string): number[] {
  return [...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status));
}

/** An application that answers its path as text. */
export const echoPath: Application = (environ: Environ, startResponse: StartResponse) => {
  startResponse('200 OK', [['Content-Type', 'text/plain']]);
  return [environ.PATH_INFO];
};

/** An application that answers what was sent to it. */
export const echoBody: Application = async (environ, startResponse) => {
  const body = await environ['wsgi.input'].read();
  startResponse('200 OK', [['Content-Type', 'text/plain']]);
  return [body];
};

/** Waits until something is so; for what no event tells. */
export async function until(condition: () => boolean, timeoutMs = 30_000): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`never came true: ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

/** A promise that is settled from outside. */
export function deferred<Value = void>(): { promise: Promise<Value>; resolve: (value: Value) => void } {
  let resolve: (value: Value) => void = () => undefined;
  const promise = new Promise<Value>((settle) => (resolve = settle));
  return { promise, resolve };
}

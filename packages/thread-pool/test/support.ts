import type { Application } from '@highball/gateway-protocol';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createWorker, type Worker } from '@highball/async-worker';
import { RawClient, temporaryFolder } from '@highball/testkit';
import { type Clock, type Log, threadPool, type ThreadPool, type ThreadPoolOptions } from '../src/index.ts';

/** One line of the log. */
export interface LogEntry {
  level: keyof Log;
  message: string;
  err: (Error & { code?: string }) | undefined;
}

/** A log that is kept. */
export class TestLog implements Log {
  readonly entries: LogEntry[] = [];
  readonly error: Log['error'] = this.#keeper('error');
  readonly warn: Log['error'] = this.#keeper('warn');
  readonly info: Log['error'] = this.#keeper('info');
  readonly debug: Log['error'] = this.#keeper('debug');

  /** The codes of the errors that were logged as such. */
  get codes(): (string | undefined)[] {
    return this.entries.filter(({ level }) => level === 'error').map(({ err }) => err?.code);
  }

  #keeper(level: keyof Log): (message: string, details?: object) => void {
    return (message, details) =>
      this.entries.push({ level, message, err: (details as { err?: Error } | undefined)?.err });
  }
}

/** A clock that stands still until it is moved. */
export class TestClock implements Clock {
  #now = 1000;
  readonly #timers = new Set<{ due: number; callback: () => void }>();

  /** Timers that are set. */
  get pending(): number {
    return this.#timers.size;
  }

  now(): number {
    return this.#now;
  }

  setTimeout(callback: () => void, delayMs: number): unknown {
    const timer = { due: this.#now + delayMs, callback };
    this.#timers.add(timer);
    return timer;
  }

  clearTimeout(timer: unknown): void {
    this.#timers.delete(timer as { due: number; callback: () => void });
  }

  /** Lets time pass, in steps of what is due. */
  advance(ms: number): void {
    const end = this.#now + ms;
    for (;;) {
      const next = [...this.#timers].toSorted((a, b) => a.due - b.due)[0];
      if (next === undefined || next.due > end) break;
      this.#now = Math.max(this.#now, next.due);
      this.#timers.delete(next);
      next.callback();
    }
    this.#now = end;
  }

  /** Lets time pass in which nothing could run; then what is due comes late. */
  stall(ms: number): void {
    this.#now += ms;
    this.advance(0);
  }
}

/** What the threads of a test run: sources, as the tests themselves. */
export const fixture = (name: string): URL => new URL(`fixtures/${name}`, import.meta.url);
export const execArgv: string[] = ['--conditions', '@highball/source'];

/** What `/wait?gate=PATH` and `/block?gate=PATH` of the fixture wait for: an order of events, whatever they take. */
export interface Gate extends AsyncDisposable {
  readonly path: string;
  open(): void;
}

/** A gate that is shut. */
export async function shutGate(): Promise<Gate> {
  const folder = await temporaryFolder();
  const path = join(folder.path, 'open');
  return {
    path,
    open: () => writeFileSync(path, ''),
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}

/** A pool behind a real server, both closed at the end of the test. */
export interface TestServer {
  readonly pool: ThreadPool;
  readonly worker: Worker;
  readonly port: number;
  readonly log: TestLog;
  connect(): Promise<RawClient>;
  /** Sends a GET, waits until the server closes, and returns what it said. */
  get(target: string, ...lines: string[]): Promise<string>;
  /** Sends a text, waits until the server closes, and returns what it said. */
  exchange(text: string): Promise<string>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Serves an application on a loopback port. */
export async function listen(app: Application, log: TestLog): Promise<Omit<TestServer, 'pool'>> {
  const clients: RawClient[] = [];
  const worker = createWorker(app, { log });
  const { port } = await worker.listen({ port: 0 });
  const connect = async (): Promise<RawClient> => {
    const client = await RawClient.connect(port);
    clients.push(client);
    return client;
  };
  const exchange = async (text: string): Promise<string> => {
    const client = await connect();
    client.send(text);
    await client.closed;
    client.destroy();
    return client.received;
  };
  return {
    worker,
    port,
    log,
    connect,
    exchange,
    get: (target, ...lines) => exchange(last(target, ...lines)),
    [Symbol.asyncDispose]: async () => {
      for (const client of clients) client.destroy();
      await worker.close();
    },
  };
}

/** Serves the fixture, or another thread, in a pool. */
export async function serve(options: Partial<ThreadPoolOptions> = {}): Promise<TestServer> {
  const log = new TestLog();
  const pool = threadPool({ thread: { module: fixture('app.ts') }, threads: 1, execArgv, log, ...options });
  await pool.start();
  const server = await listen(pool, log);
  return {
    ...server,
    pool,
    [Symbol.asyncDispose]: async () => {
      await server[Symbol.asyncDispose]();
      await pool.close();
    },
  };
}

/** A request of HTTP/1.1. */
export function request(method: string, target: string, lines: readonly string[] = [], body = ''): string {
  const length = body === '' ? [] : [`Content-Length: ${body.length}`];
  return `${[`${method} ${target} HTTP/1.1`, 'Host: example.org', ...length, ...lines].join('\r\n')}\r\n\r\n${body}`;
}

/** A GET that is the last request of its connection. */
export function last(target: string, ...lines: string[]): string {
  return request('GET', target, ['Connection: close', ...lines]);
}

/** The body of the only response in a text. */
export function bodyOf(text: string): string {
  return text.slice(text.indexOf('\r\n\r\n') + 4);
}

/** The status of the first response in a text. */
export function statusOf(text: string): number {
  return Number(/^HTTP\/1\.1 (\d{3}) /.exec(text)?.[1]);
}

/** What the fixture has noted, once these are among it, in order of the alphabet. */
export async function notesWith(server: TestServer, ...expected: string[]): Promise<string[]> {
  const notes: string[] = [];
  const deadline = performance.now() + 30_000;
  while (!expected.every((note) => notes.includes(note)) && performance.now() < deadline) {
    notes.push(...(JSON.parse(bodyOf(await server.get('/notes'))) as string[]));
  }
  return notes.toSorted();
}

/** Waits until something is so; for what no event tells. */
export async function until(condition: () => boolean, timeoutMs = 30_000): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`never came true: ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

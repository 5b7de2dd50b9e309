import { createWorker, type Worker } from '@highball/async-worker';
import { validate } from '@highball/gateway-validator';
import { type RawServer, startRawServer } from '@highball/testkit';
import type { Clock } from '../src/clock.ts';
import { forwardProxy, type ForwardProxyOptions, type ForwardRecord } from '../src/index.ts';

/** A server that does exactly what a test says, also to clients that have ended their side. */
export type Origin = RawServer;
export const startOrigin = (answer: Parameters<typeof startRawServer>[0]): Promise<Origin> =>
  startRawServer(answer, { allowHalfOpen: true });

export interface Front extends AsyncDisposable {
  readonly port: number;
  readonly worker: Worker;
  readonly records: ForwardRecord[];
  /** What the worker, or the validator, has to complain about. */
  readonly errors: string[];
  /** Waits until there are so many records. */
  recorded(count: number): Promise<void>;
}

/** A proxy for anyone to anywhere on the loopback, unless a test says otherwise; held to the protocol. */
export async function startProxy(options: Partial<ForwardProxyOptions> = {}): Promise<Front> {
  const records: ForwardRecord[] = [];
  const errors: string[] = [];
  let wake = (): void => undefined;
  const app = forwardProxy({
    users: 'anyone',
    allow: ['127.0.0.0/8:*'],
    viaName: 'test-proxy',
    ...options,
    onRecord: (record) => {
      records.push(record);
      wake();
    },
  });
  const quiet = (): void => undefined;
  const worker = createWorker(validate(app), {
    log: {
      error: (message, fields) =>
        void errors.push(`${message} ${String((fields as { err?: unknown })?.err)}`),
      warn: quiet,
      info: quiet,
      debug: quiet,
    },
  });
  const { port } = (await worker.listen({ port: 0, host: '127.0.0.1' })) as { port: number };
  return {
    port,
    worker,
    records,
    errors,
    async recorded(count) {
      while (records.length < count) await new Promise<void>((resolve) => (wake = resolve));
    },
    [Symbol.asyncDispose]: () => worker.close(),
  };
}

/** A request in absolute-form. */
export function get(url: string, fields = '', method = 'GET'): string {
  return `${method} ${url} HTTP/1.1\r\nHost: ignored.example\r\n${fields}Connection: close\r\n\r\n`;
}

export function connect(authority: string, fields = ''): string {
  return `CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n${fields}\r\n`;
}

/** An origin's usual answer. */
export function ok(body: string, fields = ''): string {
  return `HTTP/1.1 200 OK\r\n${fields}Content-Length: ${body.length}\r\n\r\n${body}`;
}

/** A clock that goes only when it is told to. */
export class ManualClock implements Clock {
  #now = 0;
  readonly #timers = new Map<() => void, number>();

  now(): number {
    return this.#now;
  }

  after(ms: number, callback: () => void): () => void {
    const timer = (): void => callback();
    this.#timers.set(timer, this.#now + ms);
    return () => this.#timers.delete(timer);
  }

  get waiting(): number {
    return this.#timers.size;
  }

  advance(ms: number): void {
    const until = this.#now + ms;
    for (;;) {
      const [next] = [...this.#timers].filter(([, at]) => at <= until).toSorted(([, a], [, b]) => a - b);
      if (next === undefined) break;
      this.#timers.delete(next[0]);
      this.#now = Math.max(this.#now, next[1]);
      next[0]();
    }
    this.#now = until;
  }
}

/** An origin with one answer to every request. */
export const answering = (text: string): Promise<Origin> =>
  startOrigin((socket, received) => received.endsWith('\r\n\r\n') && socket.write(text));

export const statusOf = (answer: string): number => Number(answer.split(' ')[1]);

import { createWorker, type Worker, type WorkerOptions } from '@highball/async-worker';
import type { Application } from '@highball/gateway-protocol';
import { RawClient } from '@highball/testkit';
import { Readable } from 'node:stream';
import { expect } from 'vitest';
import { fromNode, type FromNodeOptions, type NodeHandler, type NodeHandlers } from '../src/index.ts';

/** A worker that runs an application, and what it had to say of it. */
export class Served implements AsyncDisposable {
  readonly worker: Worker;
  readonly port: number;
  readonly errors: { message: string; code: unknown }[];

  constructor(worker: Worker, port: number, errors: { message: string; code: unknown }[]) {
    this.worker = worker;
    this.port = port;
    this.errors = errors;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  connect(): Promise<RawClient> {
    return RawClient.connect(this.port);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.worker.close();
  }
}

/** Serves a gateway application on the worker. */
export async function serve(app: Application, options: WorkerOptions = {}): Promise<Served> {
  const errors: Served['errors'] = [];
  const keep = (_message: string, details?: object): void => {
    const { err } = (details ?? {}) as { err?: Error & { code?: unknown } };
    errors.push({ message: err?.message ?? _message, code: err?.code });
  };
  const log = { error: keep, warn: keep, info: () => undefined, debug: () => undefined };
  const worker = createWorker(app, { log, ...options });
  const { port } = await worker.listen({ port: 0 });
  return new Served(worker, port, errors);
}

/** Serves a handler on the worker, through the adapter. */
export function serveHandler(
  handler: NodeHandler | NodeHandlers,
  options?: FromNodeOptions,
): Promise<Served> {
  return serve(fromNode(handler, options));
}

/** Sends one request and returns all that came back when the answer matches. */
export async function ask(served: Served, request: string, until: RegExp | string): Promise<string> {
  const client = await served.connect();
  client.send(request);
  const text = await client.until(until);
  client.destroy();
  return text;
}

/** A GET, with more fields where they are needed. */
export function get(path: string, ...fields: string[]): string {
  return [`GET ${path} HTTP/1.1`, 'Host: example.org', ...fields, '', ''].join('\r\n');
}

/** A promise, and what settles it. */
export function deferred<Value = void>(): { promise: Promise<Value>; resolve: (value: Value) => void } {
  let resolve!: (value: Value) => void;
  const promise = new Promise<Value>((settle) => (resolve = settle));
  return { promise, resolve };
}

/** Megabytes that a slow client does not get to see: what was asked of it tells whether anybody waits. */
export class CountingSource extends Readable {
  pieces = 0;

  override _read(): void {
    this.pieces++;
    this.push(Buffer.alloc(65_536));
  }

  /** Lets a client ask, and read nothing: the source must come to a halt, and be destroyed when the client leaves. */
  async checkPace(served: Served): Promise<void> {
    const client = await served.connect();
    client.socket.pause();
    client.send(get('/'));
    let before = 0;
    await expect
      .poll(() => this.pieces > 0 && before === (before = this.pieces), { interval: 100 })
      .toBe(true);
    expect(this.pieces).toBeLessThan(1000);
    client.destroy();
    await expect.poll(() => this.destroyed).toBe(true);
  }
}

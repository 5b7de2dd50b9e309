import { createWorker, type Log, type Worker } from '@highball/async-worker';
import type { Application } from '@highball/gateway-protocol';
import { exchange, RawClient } from '@highball/testkit';
import { afterAll, beforeAll } from 'vitest';
import { installLightweightTypes } from '../src/index.ts';

/** What the server logged as errors. */
export class ErrorLog implements Log {
  readonly messages: string[] = [];
  readonly codes: unknown[] = [];

  error(message: string, details?: object): void {
    const { err } = (details ?? {}) as { err?: { message?: string; code?: string } };
    this.messages.push(`${message}${err?.message === undefined ? '' : `: ${err.message}`}`);
    this.codes.push(err?.code);
  }

  warn(): void {
    // Of no interest here.
  }
  info(): void {
    // Of no interest here.
  }
  debug(): void {
    // Of no interest here.
  }
}

export interface TestServer extends AsyncDisposable {
  readonly port: number;
  readonly worker: Worker;
  readonly log: ErrorLog;
  readonly url: string;
  connect(): Promise<RawClient>;
  /** Sends a request that closes its connection; lines are joined by CRLF. @returns all that was answered. */
  ask(head: string, body?: string): Promise<string>;
}

/** Runs an application in a real worker on a port of its own. */
export async function serve(app: Application): Promise<TestServer> {
  const log = new ErrorLog();
  const worker = createWorker(app, { log });
  const { port } = (await worker.listen({ port: 0 })) as { port: number };
  return {
    port,
    worker,
    log,
    url: `http://127.0.0.1:${port}`,
    connect: () => RawClient.connect(port),
    ask: (head, body = '') => exchange(port, Buffer.from(request(head, body))),
    [Symbol.asyncDispose]: () => worker.close(),
  };
}

/** A request: `GET /path` and further lines; Host, Connection and Content-Length are added. */
export function request(head: string, body = ''): string {
  const [line, ...fields] = head.split('\n');
  const length = body === '' ? [] : [`Content-Length: ${Buffer.byteLength(body)}`];
  const host = fields.some((field) => /^host:/i.test(field)) ? [] : ['Host: example.com'];
  return `${[`${line} HTTP/1.1`, ...host, 'Connection: close', ...fields, ...length].join('\r\n')}\r\n\r\n${body}`;
}

/** What stands behind the head. */
export function bodyOf(response: string): string {
  return response.slice(response.indexOf('\r\n\r\n') + 4);
}

/** Waits until something is so; fails with the test's own time. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}

/** Waits until a number has grown, and then grows no more. */
export async function quiet(count: () => number): Promise<void> {
  for (let before = -1, now = count(); now !== before || now === 0; now = count()) {
    before = now;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** Whose `Request` and `Response` handlers get: Node's, or those of this package. */
export const TYPES: readonly ['native', 'lightweight'] = ['native', 'lightweight'];

/** Has a group of tests use these types. */
export function useTypes(types: (typeof TYPES)[number]): void {
  let uninstall: () => void = () => undefined;
  beforeAll(() => {
    if (types === 'lightweight') uninstall = installLightweightTypes();
  });
  afterAll(() => uninstall());
}

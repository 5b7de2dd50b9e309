import { createWorker, type Worker } from '@highball/async-worker';
import { createBalancer } from '@highball/balancer';
import { rules, validate } from '@highball/gateway-validator';
import { type RawServer, startRawServer } from '@highball/testkit';
import { expect } from 'vitest';
import { reverseProxy, type ReverseProxyOptions } from '../src/index.ts';

/** An upstream that does exactly what a test says. */
export type Upstream = RawServer;
export const startUpstream: typeof startRawServer = startRawServer;

/** A proxy in front of upstreams, served on a port of its own. */
export interface Front extends AsyncDisposable {
  readonly port: number;
  readonly worker: Worker;
  /** What the proxy has logged. */
  readonly log: string[];
  /** What the worker has to complain about. */
  readonly errors: string[];
  /** The status of each answer, as an access log has it. */
  readonly statuses: string[];
}

const RECOMMENDED: ReadonlySet<string> = new Set(
  rules.filter(({ level }) => level !== 'must').map(({ code }) => code),
);

export async function startProxy(
  urls: readonly string[],
  options: Partial<ReverseProxyOptions> = {},
): Promise<Front> {
  const log: string[] = [];
  const picker = createBalancer({ peers: urls.map((id) => ({ id })) });
  const breaches: string[] = [];
  const proxy = reverseProxy({ picker, log: { warn: (_, message) => void log.push(message) }, ...options });
  const errors: string[] = [];
  const statuses: string[] = [];
  const quiet = (): void => undefined;
  // Whatever a test is about, the proxy keeps to the protocol; what is only recommended is the upstream's business.
  const app = validate(proxy, {
    onBreach: ({ code, side, message }) => {
      if (side === 'application' && !RECOMMENDED.has(code)) breaches.push(`${code}: ${message}`);
    },
  });
  const worker = createWorker(app, {
    log: { error: (message) => void errors.push(message), warn: quiet, info: quiet, debug: quiet },
    onResponse: ({ status }) => void statuses.push(status),
  });
  const { port } = await worker.listen({ port: 0, host: '127.0.0.1' });
  return {
    port,
    worker,
    log,
    errors,
    statuses,
    async [Symbol.asyncDispose]() {
      await worker.close();
      if (breaches.length > 0) throw new Error(`the proxy broke the protocol: ${breaches.join('; ')}`);
    },
  };
}

/** An upstream's usual answer. */
export function ok(body: string, fields = ''): string {
  return `HTTP/1.1 200 OK\r\n${fields}Content-Length: ${body.length}\r\n\r\n${body}`;
}

/** Ends a head. */
export const headEnd = '\r\n\r\n';

/** A request without a body, on a connection of its own. */
export const get = (path: string, fields = '', method = 'GET'): string =>
  `${method} ${path} HTTP/1.1\r\nHost: site.example\r\nConnection: close\r\n${fields}\r\n`;

/** One with a body. */
export const post = (body: string, method = 'POST'): string =>
  get('/', `Content-Length: ${body.length}\r\n`, method) + body;

/** An upstream that answers every request of a connection with the same text. */
export const echo = (body: string, fields = ''): Promise<Upstream> =>
  startUpstream((socket, received) => {
    if (received.includes(headEnd)) socket.write(ok(body, fields));
  });

/** Waits until a number of bytes that has moved moves no more. */
export async function standstill(count: () => number): Promise<void> {
  let before = 0;
  const stands = (): boolean => {
    const now = count();
    const still = now === before && now > 0;
    before = now;
    return still;
  };
  await expect.poll(stands, { interval: 200, timeout: 10_000 }).toBe(true);
}

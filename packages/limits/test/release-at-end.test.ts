import { once } from 'node:events';
import { Duplex } from 'node:stream';
import { createWorker } from '@highball/async-worker';
import type { Application } from '@highball/gateway-protocol';
import { validate } from '@highball/gateway-validator';
import { exchange, RawClient } from '@highball/testkit';
import { expect, test } from 'vitest';
import { limits } from '../src/index.ts';
import { releaseAtEnd } from '../src/release-at-end.ts';
import { environOf, silent } from './support.ts';

const log = { ...silent, debug: () => undefined };
const head = 'GET / HTTP/1.1\r\nHost: localhost\r\n';
const closing = `${head}Connection: close\r\n\r\n`;

/** A server that works at one request at a time, checked against the protocol on both sides. */
async function serve(app: Application) {
  const breaches: string[] = [];
  const check = (inner: Application): Application =>
    validate(inner, { onBreach: ({ message }) => breaches.push(message) });
  const limited = limits({ rules: [{ concurrentRequests: 1 }], log: silent });
  const worker = createWorker(check(limited(check(app))), { log });
  const { port } = await worker.listen({ port: 0 });
  return {
    port: port as number,
    breaches,
    /** Whether a request passes, at last: what the server does at the end of one takes it a moment. */
    async free(): Promise<boolean> {
      for (let i = 0; i < 100; i++) {
        if (!(await exchange(port as number, closing)).startsWith('HTTP/1.1 429')) return true;
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      return false;
    },
    [Symbol.asyncDispose]: () => worker.close(),
  };
}

const begin = (startResponse: Parameters<Application>[1]): void => {
  startResponse('200 OK', [['Content-Type', 'text/plain']]);
};

test.each<[string, () => ReturnType<Application>]>([
  ['an array', () => ['a', 'b']],
  ['a generator', () => ['a', 'b'].values()],
  ['an async generator', () => (async function* () { yield 'a'; })()], // prettier-ignore
  ['a promise', () => Promise.resolve(['a'])],
  ['an empty body', () => []],
])('%s is sent as before, and gives back what it held', async (_, body) => {
  await using server = await serve((_environ, startResponse) => {
    begin(startResponse);
    return body();
  });
  for (let i = 0; i < 3; i++) expect(await server.free()).toBe(true);
  expect(server.breaches).toEqual([]);
});

test('an application that fails, before its body or in it, gives back what it held', async () => {
  let n = 0;
  await using server = await serve((_environ, startResponse) => {
    if (n++ % 2 === 0) throw new Error('before');
    begin(startResponse);
    return (function* () {
      yield 'some';
      throw new Error('in the middle');
    })();
  });
  for (let i = 0; i < 6; i++) expect(await server.free()).toBe(true);
});

test('a client that leaves in the middle of its answer gives back what it held', async () => {
  let began = (): void => undefined;
  const streaming = new Promise<void>((resolve) => (began = resolve));
  let first = true;
  await using server = await serve((_environ, startResponse) => {
    begin(startResponse);
    if (!first) return ['short'];
    first = false;
    return (async function* () {
      yield 'first';
      began();
      // It never goes on: the server closes it when the client is gone.
      await new Promise(() => undefined);
    })();
  });
  const client = await RawClient.connect(server.port);
  client.send(closing);
  await streaming;
  await client.until('first');
  expect(await exchange(server.port, closing)).toMatch(/^HTTP\/1\.1 429 Too Many Requests/);
  client.socket.resetAndDestroy();
  expect(await server.free()).toBe(true);
});

test('a client that leaves does not make room while its request is still worked at', async () => {
  let finish = (): void => undefined;
  let called = (): void => undefined;
  const working = new Promise<void>((resolve) => (called = resolve));
  let first = true;
  await using server = await serve(async (_environ, startResponse) => {
    if (first) {
      first = false;
      called();
      await new Promise<void>((resolve) => (finish = resolve));
    }
    begin(startResponse);
    return ['done'];
  });
  const client = await RawClient.connect(server.port);
  client.send(closing);
  await working;
  client.destroy();
  await new Promise((resolve) => setTimeout(resolve, 30));
  expect(await exchange(server.port, closing)).toMatch(/^HTTP\/1\.1 429 /);
  finish();
  expect(await server.free()).toBe(true);
});

test('a connection that was taken over counts until it is closed', async () => {
  await using server = await serve((environ, startResponse) => {
    const upgrade = environ['highball.upgrade'];
    if (upgrade === undefined) {
      begin(startResponse);
      return ['plain'];
    }
    const { socket } = upgrade();
    socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n');
    socket.on('error', () => undefined);
    socket.resume().once('end', () => socket.end());
    return [];
  });
  const client = await RawClient.connect(server.port);
  client.send(`${head}Connection: Upgrade\r\nUpgrade: echo\r\n\r\n`);
  await client.until('101');
  await new Promise((resolve) => setTimeout(resolve, 30));
  expect(await exchange(server.port, closing)).toMatch(/^HTTP\/1\.1 429 /);
  const gone = once(client.socket, 'close');
  client.destroy();
  await gone;
  expect(await server.free()).toBe(true);
});

test('a connection that was closed before it was taken over holds nothing', async () => {
  const socket = new Duplex({ read: () => undefined });
  socket.destroy();
  await once(socket, 'close');
  let released = 0;
  const environ = environOf({ 'highball.upgrade': () => ({ socket, head: new Uint8Array() }) });
  void releaseAtEnd(
    ({ 'highball.upgrade': upgrade }) => {
      upgrade?.();
      return [];
    },
    environ,
    () => () => undefined,
    () => released++,
  );
  expect(released).toBe(1);
});

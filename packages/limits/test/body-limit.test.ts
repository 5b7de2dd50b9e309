import { createWorker } from '@highball/async-worker';
import type { Application } from '@highball/gateway-protocol';
import { validate } from '@highball/gateway-validator';
import { exchange } from '@highball/testkit';
import { expect, test } from 'vitest';
import { LimitedInput } from '../src/body-limit.ts';
import { BodyTooLargeError, limits } from '../src/index.ts';
import { environOf, silent } from './support.ts';

const log = { ...silent, debug: () => undefined };

async function post(app: Application, body: string, chunked: boolean): Promise<string> {
  const breaches: string[] = [];
  const check = (inner: Application): Application =>
    validate(inner, { onBreach: ({ message }) => breaches.push(message) });
  const worker = createWorker(check(limits({ maxBodyBytes: 10, log: silent })(check(app))), { log });
  const { port } = await worker.listen({ port: 0 });
  const framing = chunked ? 'Transfer-Encoding: chunked' : `Content-Length: ${body.length}`;
  const sent = chunked ? `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n` : body;
  const answer = await exchange(
    port as number,
    `POST / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n${framing}\r\n\r\n${sent}`,
  );
  await worker.close();
  expect(breaches).toEqual([]);
  return `${answer.slice(9, 12)} ${answer.slice(answer.indexOf('\r\n\r\n') + 4)}`;
}

const readers: [string, (input: Parameters<Application>[0]['wsgi.input']) => Promise<string>][] = [
  ['read()', async (input) => String(Buffer.from(await input.read()))],
  [
    'read(3)',
    async (input) => {
      let text = '';
      for (let chunk = await input.read(3); chunk.length > 0; chunk = await input.read(3))
        text += String(Buffer.from(chunk));
      return text;
    },
  ],
  [
    'readline()',
    async (input) => {
      let text = '';
      for (let line = await input.readline(); line.length > 0; line = await input.readline())
        text += String(Buffer.from(line));
      return text;
    },
  ],
  [
    'readlines()',
    async (input) => (await input.readlines()).map((line) => String(Buffer.from(line))).join(''),
  ],
  [
    'iteration',
    async (input) => {
      let text = '';
      for await (const chunk of input) text += String(Buffer.from(chunk));
      return text;
    },
  ],
];

test.each(readers)('a chunked body is limited where it is read, by %s', async (_, read) => {
  const app: Application = async (environ, startResponse) => {
    const text = await read(environ['wsgi.input']);
    startResponse('200 OK', [['Content-Type', 'text/plain']]);
    return [text];
  };
  expect(await post(app, '12345\n789\n', true)).toBe('200 12345\n789\n');
  expect(await post(app, '12345\n789\nx', true)).toBe('413 413 Content Too Large\n');
  expect(await post(app, 'x'.repeat(100_000), true)).toBe('413 413 Content Too Large\n');
});

test('a length that is announced is refused before the application is called', async () => {
  let calls = 0;
  const app: Application = async (environ, startResponse) => {
    calls++;
    const { length } = await environ['wsgi.input'].read();
    startResponse('200 OK', [['Content-Type', 'text/plain']]);
    return [String(length)];
  };
  expect(await post(app, 'x'.repeat(11), false)).toBe('413 413 Content Too Large\n');
  expect(calls).toBe(0);
  expect(await post(app, 'x'.repeat(10), false)).toBe('200 10');
});

test('an application may answer by itself', async () => {
  const app: Application = async (environ, startResponse) => {
    const caught: unknown = await environ['wsgi.input'].read().catch((error: unknown) => error);
    startResponse('422 Unprocessable Content', [['Content-Type', 'text/plain']]);
    return [caught instanceof BodyTooLargeError ? caught.code : 'no error'];
  };
  expect(await post(app, 'x'.repeat(11), true)).toBe('422 BODY_TOO_LARGE');
});

test('lines are read up to the hint', async () => {
  const app: Application = async (environ, startResponse) => {
    const lines = await environ['wsgi.input'].readlines(2);
    startResponse('200 OK', [['Content-Type', 'text/plain']]);
    return [String(lines.length)];
  };
  expect(await post(app, 'a\nb\nc\n', true)).toBe('200 1');
});

test('reading everything asks the server for one byte more than there may be, and not for everything', async () => {
  const sizes: (number | undefined)[] = [];
  const inner = environOf()['wsgi.input'];
  inner.read = (size) => (sizes.push(size), Promise.resolve(new Uint8Array(4)));
  const input = new LimitedInput(inner, 10);
  await input.read();
  await input.read(100);
  expect(sizes).toEqual([11, 7]);
});

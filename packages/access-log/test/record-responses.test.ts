import type {
  Application,
  BodyChunk,
  Environ,
  ResponseBody,
  StartResponse,
} from '@highball/gateway-protocol';
import { validate } from '@highball/gateway-validator';
import { createWorker } from '@highball/async-worker';
import { exchange } from '@highball/testkit';
import { expect, test } from 'vitest';
import type { AccessRecord } from '../src/index.ts';
import { recordResponses } from '../src/record-responses.ts';
import { recordOf } from './support.ts';

const silent = (): void => undefined;
const log = { error: silent, warn: silent, info: silent, debug: silent };

/** Serves one request over a socket; both sides of the middleware are checked against the protocol. */
async function serve(app: Application, method = 'GET'): Promise<{ answer: string; records: AccessRecord[] }> {
  const records: AccessRecord[] = [];
  const breaches: string[] = [];
  const check = (inner: Application): Application =>
    validate(inner, { onBreach: ({ message }) => breaches.push(message) });
  const middleware = recordResponses((record) => records.push(record));
  const worker = createWorker(check(middleware(check(app))), { log });
  const { port } = await worker.listen({ port: 0 });
  const answer = await exchange(port, `${method} / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
  await worker.close();
  expect(breaches).toEqual([]);
  return { answer, records };
}

const pieces: readonly BodyChunk[] = ['grüße', new Uint8Array([65, 66])];
const start = (startResponse: StartResponse): void => {
  startResponse('200 OK', [['Content-Type', 'text/plain']]);
};

test.each<[string, () => ResponseBody | Promise<ResponseBody>]>([
  ['an array', () => [...pieces]],
  ['a generator', () => pieces.values()],
  ['an async generator', async function* () { yield* pieces; } as never], // prettier-ignore
  ['a promise of an array', () => Promise.resolve([...pieces])],
])('the bytes of %s are counted once it is closed', async (_, body) => {
  const { answer, records } = await serve((_environ, startResponse) => {
    start(startResponse);
    return body();
  });
  expect(answer).toContain('200 OK');
  expect(records).toMatchObject([{ status: '200 OK', bodyBytes: 9, complete: true }]);
  expect(records[0]?.headers).toEqual([['Content-Type', 'text/plain']]);
});

test('an array stays one, so that its length is known', async () => {
  const { answer } = await serve((_environ, startResponse) => {
    start(startResponse);
    return [...pieces];
  });
  expect(answer).toContain('Content-Length: 9\r\n');
});

test('what goes through write() counts', async () => {
  const { records } = await serve((_environ, startResponse) => {
    const write = startResponse('200 OK', [['Content-Type', 'text/plain']]);
    void write('abc');
    return ['de'];
  });
  expect(records).toMatchObject([{ bodyBytes: 5 }]);
});

test('HEAD sends no body', async () => {
  const { records } = await serve((_environ, startResponse) => {
    start(startResponse);
    return [...pieces];
  }, 'HEAD');
  expect(records).toMatchObject([{ bodyBytes: 0, complete: true }]);
});

test.each<[string, Application]>([
  ['throws', () => { throw new Error('no'); }], // prettier-ignore
  ['rejects', () => Promise.reject(new Error('no'))],
])('an application that %s has a record, and the error goes on', async (_, app) => {
  const { answer, records } = await serve(app);
  expect(answer).toMatch(/^HTTP\/1\.1 500 /);
  expect(records).toMatchObject([{ status: '500 Internal Server Error', complete: false }]);
});

test('a body that is not read to its end is not complete; its own close is called', () => {
  const records: AccessRecord[] = [];
  let closed = 0;
  const app: Application = (_environ, startResponse) => {
    start(startResponse);
    return Object.assign(pieces.values(), { close: () => void closed++ });
  };
  const body = recordResponses((record) => records.push(record))(app)(
    recordOf().environ as Environ,
    () => () => undefined,
  ) as Iterable<BodyChunk> & { close(): void };
  body[Symbol.iterator]().next();
  body.close();
  expect(closed).toBe(1);
  expect(records).toMatchObject([{ bodyBytes: 7, complete: false }]);
});

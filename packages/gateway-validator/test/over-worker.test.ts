import type { Application } from '@highball/gateway-protocol';
import { createWorker, type Worker } from '@highball/async-worker';
import { exchange, RawClient } from '@highball/testkit';
import { afterEach, describe, expect, test } from 'vitest';
import { type GatewayBreach, validate } from '../src/index.ts';
import { endlessBody, goodApplications, requestOf } from './good-applications.ts';
import { collect } from './support.ts';

let worker: Worker | undefined;
afterEach(() => worker?.close());

/** Serves an application over real sockets; what it did wrong is kept. */
async function serve(app: Application, errors: unknown[] = []): Promise<number> {
  const quiet = (): void => undefined;
  const error = (_message: string, details?: { err?: unknown }): unknown => errors.push(details?.err);
  worker = createWorker(app, { log: { error, warn: quiet, info: quiet, debug: quiet } });
  const { port } = (await worker.listen({ port: 0, host: '127.0.0.1' })) as { port: number };
  return port;
}

describe('a correct application is served as without the validator:', () => {
  test.each(Object.entries(goodApplications))('%s', async (_name, good) => {
    const trial = collect();
    const errors: unknown[] = [];
    const validated = await exchange(await serve(trial.guard(good.app), errors), requestOf(good));
    await worker?.close();
    const plain = await exchange(await serve(good.app), requestOf(good));
    expect(trial.breaches).toEqual([]);
    expect(errors).toEqual([]);
    expect(validated).toMatch(good.answer);
    expect(withoutDate(validated)).toBe(withoutDate(plain));
  });
});

function withoutDate(response: string): string {
  return response.replace(/Date: [^\r]*/, 'Date:');
}

test('two validators around each other see nothing wrong either', async () => {
  const errors: unknown[] = [];
  for (const good of Object.values(goodApplications)) {
    const port = await serve(validate(validate(good.app)), errors);
    expect(await exchange(port, requestOf(good))).toMatch(good.answer);
    await worker?.close();
  }
  expect(errors).toEqual([]);
});

test('a breach before the head is answered with 500, and logged as what it is', async () => {
  const errors: unknown[] = [];
  const app = validate((_environ, start) => {
    start('200 OK', [['X Y', 'z']]);
    return [];
  });
  const response = await exchange(await serve(app, errors), requestOf({ app, answer: '' }));
  expect(response).toMatch(/^HTTP\/1.1 500 /);
  expect(errors).toEqual([expect.objectContaining({ code: 'HEADER_NAME', side: 'application' })]);
  expect((errors[0] as GatewayBreach).message).toBe(
    'header 0 of start_response is named "X Y"; use letters, digits and hyphens (RFC 9110 §5.1)',
  );
});

test('a breach behind the head cuts the connection', async () => {
  const errors: unknown[] = [];
  const app = validate(function* (_environ, start) {
    start('200 OK', [['Content-Type', 'text/plain']]);
    yield 'Hello';
    yield 5 as never;
  });
  const response = await exchange(await serve(app, errors), requestOf({ app, answer: '' }));
  expect(response).toMatch(/Hello\r\n$/);
  expect(errors).toEqual([expect.objectContaining({ code: 'CHUNK_TYPE' })]);
});

test('a client that leaves has the body closed, once, and is no breach of anyone', async () => {
  const trial = collect();
  let closed = 0;
  const leaving = Promise.withResolvers<void>();
  const app = trial.guard((_environ, start) => {
    start('200 OK', [['Content-Type', 'application/octet-stream']]);
    return endlessBody(() => {
      closed++;
      leaving.resolve();
    });
  });
  const client = await RawClient.connect(await serve(app));
  client.send('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
  await client.until('200 OK');
  client.destroy();
  await leaving.promise;
  expect(closed).toBe(1);
  expect(trial.breaches).toEqual([]);
});

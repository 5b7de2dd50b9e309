import type { Application } from '@highball/gateway-protocol';
import { validate } from '@highball/gateway-validator';
import { describe, expect, test } from 'vitest';
import { httpCache } from '../src/index.ts';
import { ask, begin, gate } from './support.ts';

const HOUR: [string, string][] = [['Cache-Control', 'max-age=3600']];
const bytes = (text: string): Uint8Array => Buffer.from(text);

/** Applications that answer "one two" in each way that the protocol allows. */
const ways: Record<string, Application> = {
  'an array': (_, start) => {
    start('200 OK', HOUR);
    return ['one ', bytes('two')];
  },
  'a generator that begins when it is iterated over': function* (_, start) {
    start('200 OK', HOUR);
    yield 'one ';
    yield 'two';
  } as Application,
  'an async generator that begins after an empty piece': async function* (_, start) {
    yield '';
    start('200 OK', HOUR);
    yield 'one ';
    yield 'two';
  } as Application,
  'write, and nothing else': (_, start) => {
    const write = start('200 OK', HOUR);
    void write('one ');
    void write('two');
    return [];
  },
  'write, then a body': async (_, start) => {
    const write = start('200 OK', HOUR);
    await write('one ');
    return ['two'];
  },
  'an error page in place of what was begun': (_, start) => {
    start('500 Oops', []);
    start('200 OK', HOUR, new Error('replaced'));
    return ['one two'];
  },
};

describe.each(Object.entries(ways))('an application with %s', (_, app) => {
  test('is passed on, stored, and answered from the store', async () => {
    const cached = httpCache()(app);
    for (const status of ['fwd=uri-miss; fwd-status=200; stored', 'hit; ttl=']) {
      const answer = await ask(cached);
      expect([answer.status, answer.body]).toEqual([200, 'one two']);
      expect(answer.get('Cache-Status')).toContain(status);
    }
  });
});

test('what is written comes while the application still works', async () => {
  const rest = gate();
  const app: Application = async (_, start) => {
    const write = start('200 OK', HOUR);
    await write('one ');
    await rest.opened;
    await write('two');
    return [];
  };
  const { body } = await begin(httpCache()(app));
  const pieces = (body as AsyncIterable<Uint8Array>)[Symbol.asyncIterator]();
  expect(Buffer.from((await pieces.next()).value as Uint8Array).toString()).toBe('one ');
  rest.open();
  expect(Buffer.from((await pieces.next()).value as Uint8Array).toString()).toBe('two');
});

test('the body is closed once, whatever happens', async () => {
  for (const storable of [true, false]) {
    let closed = 0;
    const app: Application = (_, start) => {
      start('200 OK', storable ? HOUR : []);
      return Object.assign(['x'], { close: () => void closed++ });
    };
    await ask(httpCache()(app));
    expect(closed).toBe(1);
  }
});

test('a body whose close fails is answered and stored all the same', async () => {
  const failing: Application = (_, start) => {
    start('200 OK', HOUR);
    return Object.assign(['x'], { close: () => Promise.reject(new Error('close')) });
  };
  const app = httpCache()(failing);
  for (const _ of [1, 2]) expect((await ask(app)).body).toBe('x');
});

test('an application that begins nothing is an error', async () => {
  await expect(ask(httpCache()(() => []))).rejects.toMatchObject({ code: 'NO_RESPONSE' });
});

test('it keeps the protocol on both sides, for a miss, a hit, HEAD and a passed method', async () => {
  const inner: Application = (_, start) => {
    start('200 OK', [...HOUR, ['Content-Type', 'text/plain'], ['ETag', '"a"']]);
    return [bytes('text')];
  };
  const app = validate(httpCache()(validate(inner)));
  for (const request of [
    {},
    {},
    { method: 'HEAD' },
    { fields: { Range: 'bytes=1-2' } },
    { fields: { 'If-None-Match': '"a"' } },
    { method: 'OPTIONS' },
  ]) {
    await expect(ask(app, request)).resolves.toBeDefined();
  }
});

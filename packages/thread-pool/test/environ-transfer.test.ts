import type { Environ } from '@highball/gateway-protocol';
import { describe, expect, test } from 'vitest';
import { dropUncloneable, inputLength, inputOf, offersOf, packEnviron } from '../src/environ-transfer.ts';
import { OFFERS } from '../src/protocol.ts';
import { TestLog } from './support.ts';

const environ = (keys: object): Environ =>
  ({ SERVER_PROTOCOL: 'HTTP/1.1', 'wsgi.input_terminated': true, ...keys }) as Environ;

describe('the body of a request', () => {
  test.each([
    [{}, 'none'],
    [{ CONTENT_LENGTH: '0' }, 'none'],
    [{ CONTENT_LENGTH: '5' }, 'sent'],
    [{ CONTENT_LENGTH: '5', HTTP_EXPECT: '100-continue' }, 'wanted'],
    [{ HTTP_TRANSFER_ENCODING: 'chunked' }, 'sent'],
    [{ SERVER_PROTOCOL: 'HTTP/2.0' }, 'sent'],
    [{ SERVER_PROTOCOL: 'HTTP/2.0', 'wsgi.input_terminated': false }, 'none'],
  ])('with %j comes as %s', (keys, expected) => {
    expect(inputOf(environ(keys))).toBe(expected);
  });

  test('is read no further than its length where the input does not end by itself', () => {
    expect(inputLength(environ({ CONTENT_LENGTH: '5' }))).toBe(5);
    expect(inputLength(environ({}))).toBe(Number.POSITIVE_INFINITY);
    expect(inputLength(environ({ 'wsgi.input_terminated': false }))).toBe(0);
  });
});

describe('an environ that goes to a thread', () => {
  test('leaves its streams and callables behind', () => {
    const packed = packEnviron(
      environ({ 'wsgi.input': {}, 'wsgi.errors': {}, 'my.call': () => 1, 'my.list': [1] }),
    );
    expect(Object.keys(packed).toSorted()).toEqual(['SERVER_PROTOCOL', 'my.list', 'wsgi.input_terminated']);
  });

  test('leaves behind what cannot be cloned, key by key, and says which', () => {
    const log = new TestLog();
    expect(dropUncloneable({ a: 1, b: { c: () => 1 }, d: [2] }, log)).toEqual({ a: 1, d: [2] });
    expect(log.entries.map(({ message }) => message)).toEqual([expect.stringContaining('"b"')]);
  });

  test('says what its server can do', () => {
    expect(offersOf(environ({}))).toBe(0);
    const call = (): void => undefined;
    expect(offersOf(environ({ 'wsgi.early_hints': call, 'highball.signal': call }))).toBe(
      OFFERS.earlyHints | OFFERS.signal,
    );
    expect(
      offersOf(
        environ({ 'highball.trailers': call, 'highball.send_trailers': call, 'highball.draining': call }),
      ),
    ).toBe(OFFERS.trailers | OFFERS.sendTrailers | OFFERS.draining);
  });
});

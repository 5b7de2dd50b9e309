import type { Environ } from '@highball/gateway-protocol';
import { describe, expect, test } from 'vitest';
import { requestIdOf, traceparentOf } from '../src/request-id.ts';

describe('an id', () => {
  test('that came is kept, and set for the tiers within', () => {
    const environ = { HTTP_X_REQUEST_ID: 'abc-123' } as unknown as Environ;
    expect(requestIdOf(environ)).toBe('abc-123');
    expect(environ['highball.request_id']).toBe('abc-123');
  });

  test('of an outer tier counts', () => {
    expect(requestIdOf({ HTTP_X_REQUEST_ID: 'a', 'highball.request_id': 'b' } as unknown as Environ)).toBe(
      'b',
    );
  });

  test.each([undefined, '', 'a b', 'a"b', 'x'.repeat(129)])('is made instead of %j', (given) => {
    const [one, two] = [0, 1].map(() => requestIdOf({ HTTP_X_REQUEST_ID: given } as unknown as Environ));
    expect(one).toMatch(/^[0-9a-f]{32}$/);
    expect(one).not.toBe(two);
  });
});

describe('traceparent', () => {
  const good = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
  test('that came is kept', () => {
    expect(traceparentOf({ HTTP_TRACEPARENT: good } as unknown as Environ)).toBe(good);
  });

  test.each([
    undefined,
    good.toUpperCase(),
    good.replace('4bf92f3577b34da6a3ce929d0e0e4736', '0'.repeat(32)),
    good.replace('00f067aa0ba902b7', '0'.repeat(16)),
    `${good}-x`,
  ])('is made instead of %j', (given) => {
    expect(traceparentOf({ HTTP_TRACEPARENT: given } as unknown as Environ)).toMatch(
      /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-00$/,
    );
  });
});

import { describe, expect, test } from 'vitest';
import { describeError, reviveError } from '../src/error-transfer.ts';

/** As an error comes to another thread. */
const cross = (error: unknown): Error & { code?: unknown } =>
  reviveError(structuredClone(describeError(error)));

describe('an error from another thread', () => {
  test('has its name, message, stack and code', () => {
    class PaymentError extends Error {
      override readonly name = 'PaymentError';
      readonly code = 'NO_FUNDS';
      readonly socket = (): void => undefined;
    }
    const error = new PaymentError('no money');
    const revived = cross(error);
    expect(revived).toBeInstanceOf(Error);
    expect(revived).toMatchObject({
      name: 'PaymentError',
      message: 'no money',
      code: 'NO_FUNDS',
      stack: error.stack,
    });
  });

  test('has its causes, and a circle of them ends', () => {
    const inner: Error & { cause?: unknown } = new TypeError('inner');
    const outer = new Error('outer', { cause: inner });
    expect(cross(outer).cause).toMatchObject({ name: 'TypeError', message: 'inner' });
    inner.cause = outer;
    let depth = 0;
    for (let error: unknown = cross(outer); error instanceof Error; error = error.cause) depth++;
    expect(depth).toBe(9);
  });

  test('may be anything that was thrown', () => {
    expect(cross('a text')).toMatchObject({ name: 'Error', message: 'a text' });
    expect(cross(undefined)).toMatchObject({ message: 'undefined' });
    expect(cross(Object.create(null))).toBeInstanceOf(Error);
  });
});

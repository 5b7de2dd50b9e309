import { describe, expect, test } from 'vitest';
import { RequestError } from '../src/errors.ts';
import { LazySignal } from '../src/lazy-signal.ts';

describe('LazySignal', () => {
  test('keeps its first reason, whenever it is asked for', () => {
    const [first, second] = [new RequestError('CLIENT_GONE', 'a'), new RequestError('BODY_TOO_SLOW', 'b')];
    const early = new LazySignal();
    const { signal } = early;
    early.abort(first);
    early.abort(second);
    expect(signal.reason).toBe(first);
    const late = new LazySignal();
    late.abort(first);
    late.abort(second);
    expect(late.signal.reason).toBe(first);
    expect(new LazySignal().signal.aborted).toBe(false);
  });
});

import { expect, test } from 'vitest';
import { reverseProxy } from '../src/index.ts';

const picker = { pick: () => undefined, release: () => undefined };

test.each([
  [{ readTimeoutMs: -1 }, 'readTimeoutMs is a number'],
  [{ maxIdle: Number.NaN }, 'maxIdle is a number'],
  [{ stripPrefix: 'api' }, 'stripPrefix is a path'],
  [{ mirror: { upstream: 'nonsense' } }, "'nonsense' is no upstream"],
  [{ requestHeaders: { set: { A: '{b}' } } }, '{b} is not known'],
])('%j makes no sense', (options, message) => {
  expect(() => reverseProxy({ picker, ...options })).toThrow(message);
});

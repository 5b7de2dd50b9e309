import { expect, test } from 'vitest';
import { Invalidations } from '../src/invalidations.ts';

const entry = { url: 'http://a/b/c', tags: ['red', 'blue'], position: 5 };

test.each([
  ['its URL', { kind: 'url', value: 'http://a/b/c' }, 'gone'],
  ['another URL', { kind: 'url', value: 'http://a/b' }, 'valid'],
  ['a prefix', { kind: 'prefix', value: 'http://a/b' }, 'gone'],
  ['another prefix', { kind: 'prefix', value: 'http://a/c' }, 'valid'],
  ['one of its tags', { kind: 'tag', value: 'blue' }, 'gone'],
  ['another tag', { kind: 'tag', value: 'green' }, 'valid'],
  ['everything', { kind: 'all', value: '' }, 'gone'],
] as const)('%s', (_, record, verdict) => {
  const invalidations = new Invalidations();
  invalidations.apply(record, 6);
  expect(invalidations.judge(entry)).toBe(verdict);
  expect(invalidations.judge({ ...entry, position: 6 })).toBe('valid');
});

test('a soft one makes stale since its time, the earliest counts', () => {
  const invalidations = new Invalidations();
  invalidations.apply({ kind: 'tag', value: 'red', softMs: 2000 }, 6);
  invalidations.apply({ kind: 'all', value: '', softMs: 3000 }, 7);
  expect(invalidations.judge(entry)).toEqual({ staleSinceMs: 2000 });
  expect(invalidations.judge({ ...entry, position: 6 })).toEqual({ staleSinceMs: 3000 });
});

test('when there are too many, the oldest takes with it all that is older', () => {
  const invalidations = new Invalidations();
  for (let i = 1; i <= 50_001; i++) invalidations.apply({ kind: 'tag', value: `t${i}` }, i * 10);
  expect(invalidations.judge({ ...entry, position: 9 })).toBe('gone');
  expect(invalidations.judge({ ...entry, position: 10 })).toBe('valid');
  expect([...invalidations.records()]).toHaveLength(50_000);
});

import { expect, test } from 'vitest';
import { LentBuffers } from '../src/lent-buffers.ts';

test('a buffer that is free is lent again, each of its size', () => {
  const buffers = new LentBuffers();
  const [small, large] = [buffers.lend(false), buffers.lend(true)];
  expect(large.byteLength).toBeGreaterThan(small.byteLength);
  buffers.takeBack(small, true);
  buffers.takeBack(large, true);
  expect(buffers.lend(false)).toBe(small);
  expect(buffers.lend(true)).toBe(large);
});

test('one that somebody may still use is not lent again', () => {
  const buffers = new LentBuffers();
  const one = buffers.lend(true);
  buffers.takeBack(one, false);
  expect(buffers.lend(true)).not.toBe(one);
});

test('large ones are only so many at a time; few are kept', () => {
  const buffers = new LentBuffers();
  const lent = Array.from({ length: 40 }, () => buffers.lend(true));
  const sizes = lent.map((buffer) => buffer.byteLength);
  const [largest, least] = [Math.max(...sizes), Math.min(...sizes)];
  expect(sizes.filter((size) => size === largest)).toHaveLength(32);
  for (const buffer of lent) buffers.takeBack(buffer, true);
  const again = Array.from({ length: 40 }, () => buffers.lend(true));
  expect(again.map((buffer) => buffer.byteLength).filter((size) => size === largest)).toHaveLength(32);
  expect(again.filter((buffer) => buffer.byteLength === largest && lent.includes(buffer))).toHaveLength(4);
  expect(again.filter((buffer) => buffer.byteLength === least && lent.includes(buffer))).toHaveLength(4);
});

import { expect, test } from 'vitest';
import { joinMaster } from '../src/worker.ts';

test('a process that no master has started is told so', () => {
  expect(() => joinMaster()).toThrowError(
    expect.objectContaining({ code: 'not-a-worker', message: expect.stringContaining('createMaster()') }),
  );
});

import { expect, test, vi } from 'vitest';
import { consoleLog } from '../src/index.ts';

test('without a log, errors and warnings go to stderr, and nothing else does', () => {
  const error = vi.spyOn(console, 'error').mockImplementation(() => undefined);
  consoleLog.error('a', { b: 1 });
  consoleLog.warn('c');
  consoleLog.info('d');
  consoleLog.debug('e');
  expect(error.mock.calls).toEqual([['a', { b: 1 }], ['c']]);
  error.mockRestore();
});

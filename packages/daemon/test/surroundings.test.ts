import { expect, test } from 'vitest';
import { changeFolder, parseUmask } from '../src/surroundings.ts';

test.each([
  ['027', 0o027],
  ['0', 0],
  ['0022', 0o022],
  ['0o77', 0o077],
])('the umask %s', (text, mask) => {
  expect(parseUmask(text)).toBe(mask);
});

test.each(['', '8', '1777', 'u=rwx', '-1', '22 '])('%j is no umask', (text) => {
  expect(() => parseUmask(text)).toThrow(expect.objectContaining({ code: 'invalid-umask' }));
});

test('a folder that is not there is named', () => {
  expect(() => changeFolder('/nonexistent/folder')).toThrow(
    expect.objectContaining({
      code: 'folder',
      message: expect.stringContaining('/nonexistent/folder: ENOENT'),
    }),
  );
});

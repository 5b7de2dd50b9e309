import { expect, test } from 'vitest';
import { CONNECTION_FIELDS, isApplicationField } from '../src/index.ts';

test.each([
  ['content-type', 'text/plain', 200, true],
  ['proxy-authenticate', 'Basic', 407, true],
  ['connection', 'close', 200, true],
  ['connection', 'Close', 200, true],
  ['connection', 'keep-alive', 200, false],
  ['connection', 'close, x-foo', 200, false],
  ['transfer-encoding', 'chunked', 200, false],
  ['te', 'trailers', 200, false],
  ['upgrade', 'h2c', 426, true],
  ['upgrade', 'h2c', 200, false],
  ['keep-alive', 'timeout=5', 426, false],
])('%s: %s of a %d is for an application: %s', (name, value, status, expected) => {
  expect(isApplicationField(name, value, status)).toBe(expected);
});

test('the fields of the connection are in lower case, as they are looked for', () => {
  for (const name of CONNECTION_FIELDS) expect(name).toBe(name.toLowerCase());
});

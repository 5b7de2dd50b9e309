import { describe, expect, test } from 'vitest';
import { ServerFields } from '../src/server-fields.ts';

describe('the server’s fields', () => {
  test('have the date of the second', () => {
    let now = Date.UTC(1994, 10, 6, 8, 49, 37, 5);
    const fields = new ServerFields('x', () => now);
    expect(fields.lines(false, false)).toBe('Date: Sun, 06 Nov 1994 08:49:37 GMT\r\nServer: x\r\n');
    now += 994;
    expect(fields.lines(false, true)).toBe('Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n');
    now += 1;
    expect(fields.lines(false, true)).toBe('Date: Sun, 06 Nov 1994 08:49:38 GMT\r\n');
    expect(fields.lines(true, false)).toBe('Server: x\r\n');
    expect(fields.lines(true, true)).toBe('');
  });
});

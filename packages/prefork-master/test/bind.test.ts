import { assert, oneof, property, string, stringMatching } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatBind, parseBind } from '../src/bind.ts';

const readAgain = (text: string): unknown => parseBind(formatBind(parseBind(text)));

function valueOrCode(read: () => unknown): unknown {
  try {
    return read();
  } catch (error) {
    return (error as { code?: string }).code;
  }
}

function expectRoundTrip(text: string): void {
  const read = valueOrCode(() => parseBind(text));
  expect(read).toBeDefined();
  expect(valueOrCode(() => readAgain(text))).toEqual(read);
}

describe('parseBind', () => {
  test.each([
    ['127.0.0.1:8000', { host: '127.0.0.1', port: 8000 }],
    ['localhost:0', { host: 'localhost', port: 0 }],
    ['my-host.example:65535', { host: 'my-host.example', port: 65_535 }],
    ['[::1]:80', { host: '::1', port: 80 }],
    ['[::]:80', { host: '::', port: 80 }],
    [':8000', { host: '0.0.0.0', port: 8000 }],
    ['*:8000', { host: '0.0.0.0', port: 8000 }],
    ['8000', { host: '127.0.0.1', port: 8000 }],
    ['unix:/run/x.sock', { path: '/run/x.sock' }],
    ['unix:relative.sock', { path: 'relative.sock' }],
    ['unix:///run/x.sock', { path: '/run/x.sock' }],
    ['fd://3', { fd: 3 }],
    ['fd:12', { fd: 12 }],
  ])('reads %s', (text, target) => {
    expect(parseBind(text)).toEqual(target);
  });

  test.each([
    ['', 'write HOST:PORT'],
    ['localhost', 'add a port, such as localhost:8000'],
    ['127.0.0.1', 'add a port, such as 127.0.0.1:8000'],
    ['::1', 'in brackets and add a port, such as [::1]:8000'],
    ['[::1]', 'write HOST:PORT'],
    ['[::g]:80', '::g is no IPv6 address'],
    ['[]:80', 'nothing is no IPv6 address'],
    ['127.0.0.256:80', '127.0.0.256 is no IPv4 address'],
    ['1.2.3:80', '1.2.3 is no IPv4 address'],
    ['host:65536', 'from 0 to 65535'],
    ['host:', 'from 0 to 65535'],
    ['host:8o', 'from 0 to 65535'],
    ['host:-1', 'from 0 to 65535'],
    ['99999', 'from 0 to 65535'],
    ['a:b:80', 'write HOST:PORT'],
    ['http://localhost:80', 'leave out the scheme'],
    ['host/path:80', 'write HOST:PORT'],
    ['two words:80', 'write HOST:PORT'],
    ['unix:', 'name a file'],
    ['unix:/', 'name a file'],
    ['fd://x', 'by its number'],
    ['fd://-1', 'by its number'],
  ])('refuses %j and says: %s', (text, mend) => {
    expect(() => parseBind(text)).toThrowError(
      expect.objectContaining({
        name: 'BindError',
        code: 'bind-syntax',
        message: expect.stringContaining(mend),
      }),
    );
  });

  test('slashes that say nothing are left out', () => {
    expect(parseBind('unix:////run/x.sock')).toEqual({ path: '/run/x.sock' });
    expect(() => parseBind('unix://///')).toThrow('name a file');
  });

  test('what it reads is written so that it reads the same again; all else has its own error', () => {
    const addresses = oneof(string(), stringMatching(/^(unix|fd|\[::1?\]|\w+)?:[/\w]*$/));
    assert(property(addresses, expectRoundTrip));
  });
});

test.each(['127.0.0.1:8000', '[::1]:80', 'unix:/run/x.sock', 'fd://3'])(
  'formatBind writes %s as it was read',
  (text) => {
    expect(formatBind(parseBind(text))).toBe(text);
  },
);

import { describe, expect, test } from 'vitest';
import { parseProxyHeader, type ProxyVersion } from '../src/index.ts';

const text = (line: string): Buffer => Buffer.from(line, 'latin1');
const SIGNATURE = '\r\n\r\n\0\r\nQUIT\n';

/** A header of version 2. */
function second(command: number, family: number, body: string, length = body.length / 2): Buffer {
  return Buffer.concat([
    text(SIGNATURE),
    Buffer.from([command, family, length >> 8, length & 255]),
    Buffer.from(body, 'hex'),
  ]);
}

const V4 = 'c0000201c0000202dc0401bb';
const V6 = `20010db8${'0'.repeat(23)}1${'0'.repeat(31)}1dc0401bb`;
const source = (address: string): object => ({ source: { address, port: 56_324 } });

describe('headers', () => {
  test.each<[string, Buffer, ProxyVersion, object]>([
    [
      'TCP4',
      text('PROXY TCP4 192.0.2.1 192.0.2.2 56324 443\r\n'),
      'v1',
      { ...source('192.0.2.1'), destination: { address: '192.0.2.2', port: 443 } },
    ],
    ['TCP6', text('PROXY TCP6 2001:db8::1 ::1 56324 443\r\n'), 'auto', source('2001:db8::1')],
    ['UNKNOWN', text('PROXY UNKNOWN\r\n'), 'v1', {}],
    ['UNKNOWN with the rest', text('PROXY UNKNOWN ffff::1 ffff::1 65535 65535\r\n'), 'v1', {}],
    [
      'version 2 over IPv4',
      second(0x21, 0x11, V4),
      'v2',
      { ...source('192.0.2.1'), destination: { address: '192.0.2.2', port: 443 } },
    ],
    ['version 2 over IPv6', second(0x21, 0x21, V6), 'auto', source('2001:db8::1')],
    ['version 2 with extensions', second(0x21, 0x11, `${V4}040001ff`), 'v2', source('192.0.2.1')],
    ['LOCAL', second(0x20, 0x00, ''), 'v2', {}],
    ['a Unix socket', second(0x21, 0x31, '00'.repeat(216)), 'v2', {}],
  ])('%s, whole and at every split', (_, bytes, version, expected) => {
    const followed = Buffer.concat([bytes, text('GET /')]);
    expect(parseProxyHeader(followed, version)).toEqual(
      expect.objectContaining({ state: 'done', consumed: bytes.length, ...expected }),
    );
    if (Object.keys(expected).length === 0)
      expect(parseProxyHeader(followed, version)).not.toHaveProperty('source');
    for (let length = 0; length < bytes.length; length++) {
      expect(parseProxyHeader(bytes.subarray(0, length), version), `${length} bytes`).toEqual({
        state: 'need-more',
      });
    }
  });

  test.each<[string, Buffer, ProxyVersion]>([
    ['HTTP', text('GET / HTTP/1.1\r\n'), 'auto'],
    ['version 2 where 1 is due', second(0x21, 0x11, V4), 'v1'],
    ['version 1 where 2 is due', text('PROXY TCP4 1.2.3.4 1.2.3.4 1 2\r\n'), 'v2'],
    ['a line without an end', text(`PROXY TCP4 ${'1'.repeat(120)}`), 'v1'],
    ['an IPv6 address under TCP4', text('PROXY TCP4 ::1 ::1 1 2\r\n'), 'v1'],
    ['no port', text('PROXY TCP4 1.2.3.4 1.2.3.4 1\r\n'), 'v1'],
    ['a port too large', text('PROXY TCP4 1.2.3.4 1.2.3.4 65536 2\r\n'), 'v1'],
    ['a port with a leading zero', text('PROXY TCP4 1.2.3.4 1.2.3.4 01 2\r\n'), 'v1'],
    ['two spaces', text('PROXY  TCP4 1.2.3.4 1.2.3.4 1 2\r\n'), 'v1'],
    ['another family', text('PROXY UDP4 1.2.3.4 1.2.3.4 1 2\r\n'), 'v1'],
    ['version 3', second(0x31, 0x11, V4), 'v2'],
    ['an unknown command', second(0x22, 0x11, V4), 'v2'],
    ['too short for its addresses', second(0x21, 0x11, 'c0000201'), 'v2'],
    ['much too long', second(0x21, 0x11, V4, 60_000), 'v2'],
  ])('%s is refused', (_, bytes, version) => {
    expect(() => parseProxyHeader(bytes, version)).toThrow(
      expect.objectContaining({ code: 'BAD_PROXY_HEADER' }) as Error,
    );
  });
});

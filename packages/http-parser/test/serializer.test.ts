import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  isHost,
  isToken,
  LocalProtocolError,
  RequestParser,
  serializeChunkHead,
  serializeLastChunk,
  serializeRequestHead,
  serializeResponseHead,
} from '../src/index.ts';

describe('heads', () => {
  test('of a response', () => {
    expect(
      serializeResponseHead(
        '200 OK',
        [
          ['A', 'b'],
          ['A', ''],
        ],
        'Date: x\r\n',
      ),
    ).toBe('HTTP/1.1 200 OK\r\nA: b\r\nA: \r\nDate: x\r\n\r\n');
    expect(serializeResponseHead('299 ', [])).toBe('HTTP/1.1 299 \r\n\r\n');
  });

  test('of a request', () => {
    expect(serializeRequestHead('GET', '/a?b', [['Host', 'x']])).toBe('GET /a?b HTTP/1.1\r\nHost: x\r\n\r\n');
  });

  test.each(['200', '20 OK', 'OK', '', '2000 OK', '099 X', '200\tOK', '200 O\r\nK', '200 O\0K', '200 €'])(
    'a status %j is not sent',
    (status) => {
      expect(() => serializeResponseHead(status, [])).toThrow(LocalProtocolError);
    },
  );

  test.each([
    ['A\r\nB', 'x'],
    ['', 'x'],
    ['A B', 'x'],
    ['A:', 'x'],
    ['Ä', 'x'],
    ['A', 'x\r\nSet-Cookie: y'],
    ['A', 'x\ny'],
    ['A', 'x\0'],
    ['A', '\x7f'],
    ['A', '€'],
    ['A', undefined as unknown as string],
    ['A', 1 as unknown as string],
  ])('a field %j: %j is not sent', (name, value) => {
    expect(() => serializeResponseHead('200 OK', [[name, value]])).toThrow(LocalProtocolError);
    expect(() => serializeRequestHead('GET', '/', [[name, value]])).toThrow(LocalProtocolError);
    expect(() => serializeLastChunk([[name, value]])).toThrow(LocalProtocolError);
  });

  test.each([
    ['GET ', '/'],
    ['', '/'],
    ['GET', ''],
    ['GET', '/a b'],
    ['GET', '/\r\n'],
    ['GET', '/#a'],
    ['GET', '/ü'],
  ])('a request %j %j is not sent', (method, target) => {
    expect(() => serializeRequestHead(method, target, [])).toThrow(LocalProtocolError);
  });
});

describe('chunks', () => {
  test('begin with their size and end with an empty one', () => {
    expect(serializeChunkHead(31)).toBe('1f\r\n');
    expect(serializeLastChunk()).toBe('0\r\n\r\n');
    expect(serializeLastChunk([['X', '1']])).toBe('0\r\nX: 1\r\n\r\n');
  });

  test.each([0, -1, 1.5, Number.NaN, 2 ** 53])('a chunk of %d bytes is refused', (size) => {
    expect(() => serializeChunkHead(size)).toThrow(LocalProtocolError);
  });
});

const TCHAR = "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const token = fc.string({ unit: fc.constantFrom(...TCHAR), minLength: 1, maxLength: 20 });
const valueByte = fc.integer({ min: 0x20, max: 0xff }).filter((byte) => byte !== 0x7f);
const value = fc
  .string({ unit: valueByte.map((byte) => String.fromCharCode(byte)), maxLength: 40 })
  .map((text) => text.replaceAll(/^[ \t]+|[ \t]+$/g, ''));
const RESERVED =
  /^(host|content-length|transfer-encoding|connection|expect|upgrade|content-type|authorization|content-location|content-range|from|if-.*|max-forwards|origin|proxy-authorization|range|referer|user-agent)$/i;
const fields = fc.array(
  fc.tuple(
    token.filter((name) => !RESERVED.test(name)),
    value,
  ),
  { maxLength: 20 },
);
const target = fc
  .string({
    unit: fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code)),
    maxLength: 60,
  })
  .map((text) => `/${text.replaceAll('#', '')}`);

test('what is written is read again, however it is cut', () => {
  fc.assert(
    fc.property(
      token.filter((name) => name !== 'CONNECT'),
      target,
      fields,
      fc.uint8Array({ maxLength: 300 }),
      fc.array(fc.nat(500), { maxLength: 6 }),
      fc.boolean(),
      (method, address, pairs, body, cuts, chunked) => {
        const framing = chunked ? 'Transfer-Encoding: chunked\r\n' : `Content-Length: ${body.length}\r\n`;
        const head = Buffer.from(
          serializeRequestHead(method, address, [['Host', 'a'], ...pairs], framing),
          'latin1',
        );
        const coded = chunked
          ? Buffer.concat([
              ...(body.length > 0
                ? [Buffer.from(serializeChunkHead(body.length)), body, Buffer.from('\r\n')]
                : []),
              Buffer.from(serializeLastChunk()),
            ])
          : body;
        const whole = Buffer.concat([head, coded]);
        const read = {
          method: '',
          target: '',
          fields: [] as readonly string[],
          body: Buffer.alloc(0),
          ended: 0,
        };
        const parser = new RequestParser({
          onHead: (found) => void Object.assign(read, found),
          onBody: (chunk) => void (read.body = Buffer.concat([read.body, chunk])),
          onEnd: () => void read.ended++,
        });
        let from = 0;
        for (const cut of [...cuts.toSorted((a, b) => a - b), whole.length]) {
          parser.push(whole.subarray(from, Math.max(from, cut)));
          from = Math.max(from, cut);
        }
        expect(read).toMatchObject({ method, target: address, ended: 1 });
        expect(read.fields.slice(2, 2 + 2 * pairs.length)).toEqual(pairs.flat());
        expect(read.body.equals(body)).toBe(true);
      },
    ),
    { numRuns: 500 },
  );
});

test.each([
  ['a', true],
  ['a.b-c:80', true],
  ['[::1]', true],
  ['[::1]:', true],
  ['xn--4ca', true],
  ['%41', true],
  ['', false],
  ['a:b', false],
  ['a:65536', false],
  ['a@b', false],
  ['[::1', false],
  [']', false],
  ['a/b', false],
  ['a,b', false],
])('isHost(%j) is %s', (text, expected) => {
  expect(isHost(text)).toBe(expected);
});

test('isToken', () => {
  expect(isToken('M-SEARCH')).toBe(true);
  expect(['', 'a b', 'a:', 'é', 'a\n'].some(isToken)).toBe(false);
});

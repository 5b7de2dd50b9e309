import { describe, expect, test } from 'vitest';
import {
  type ParserOptions,
  RemoteProtocolError,
  RequestChecker,
  type RequestHead,
  RequestParser,
  type RequestParts,
} from '../src/index.ts';

const usual: RequestParts = {
  method: 'GET',
  target: '/a?b',
  authority: 'example.org',
  fields: [],
  ended: true,
};

/** The head, or the code of what is wrong with it. */
function check(parts: Partial<RequestParts>, options?: ParserOptions): RequestHead | string {
  try {
    return new RequestChecker(options).head({ ...usual, ...parts });
  } catch (error) {
    if (error instanceof RemoteProtocolError) return error.code;
    throw error;
  }
}

/** What the parser of text makes of the same. */
function parse(parts: Partial<RequestParts>, options?: ParserOptions): RequestHead | string {
  const { method, target, authority, fields, ended } = { ...usual, ...parts };
  const lines = [`${method} ${target} HTTP/1.1`];
  if (authority !== undefined) lines.push(`Host: ${authority}`);
  for (let i = 0; i < fields.length; i += 2) lines.push(`${fields[i]}: ${fields[i + 1]}`);
  const isFramed = fields.includes('content-length');
  if (!ended && !isFramed) lines.push('Transfer-Encoding: chunked');
  let found: RequestHead | undefined;
  const parser = new RequestParser(
    { onHead: (head) => (found = head), onBody: () => undefined, onEnd: () => undefined },
    options,
  );
  try {
    parser.push(Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'));
  } catch (error) {
    if (error instanceof RemoteProtocolError) return error.code;
    throw error;
  }
  return found ?? 'incomplete';
}

test('a request is a head as any other', () => {
  const fields = ['x-a', 'b', 'content-length', '3'];
  expect(check({ method: 'POST', fields, ended: false })).toEqual({
    method: 'POST',
    target: '/a?b',
    minorVersion: 1,
    fields,
    repeated: false,
    host: 'example.org',
    contentLength: 3,
    chunked: true,
    keepAlive: true,
    upgrade: undefined,
    expectContinue: false,
  });
});

describe('what the parser of text refuses is refused, for the same reason', () => {
  const long = 'x'.repeat(9000);
  test.each<[string, Partial<RequestParts>, ParserOptions?]>([
    ['a method that is no token', { method: 'G(T' }],
    ['a method that is not wanted', { method: 'PUT' }, { methods: ['GET'] }],
    ['a fragment', { target: '/a#b' }],
    ['a line break in the target', { target: '/a\r\nx' }],
    ['an asterisk for GET', { target: '*' }],
    ['a target that is too long', { target: `/${long}` }],
    ['an authority with a comma', { authority: 'a,b' }],
    ['no authority', { authority: undefined }],
    ['a name with a space', { fields: ['a b', 'c'] }],
    ['a name of nothing', { fields: ['', 'c'] }],
    ['a value with NUL', { fields: ['a', 'b\0'] }],
    ['a value with a control character', { fields: ['a', 'b\u007f'] }],
    ['a second length', { fields: ['content-length', '1', 'content-length', '1'], ended: false }],
    ['a length that is none', { fields: ['content-length', '1x'], ended: false }],
    ['a second type', { fields: ['content-type', 'a/b', 'content-type', 'a/b'] }],
    ['another expectation', { fields: ['expect', 'a miracle'], ended: false }],
    ['a body that is too long', { fields: ['content-length', '11'], ended: false }, { maxBodyBytes: 10 }],
    ['too many fields', { fields: Array.from({ length: 12 }, (_, i) => `x${i}`) }, { maxFields: 5 }],
    ['a field that is too long', { fields: ['x-a', long] }],
    ['a head that is too long', { fields: Array.from({ length: 20 }, () => 'x'.repeat(4000)) }],
  ])('%s', (_, parts, options) => {
    const code = parse(parts, options);
    expect(code).toEqual(expect.any(String));
    const ours = check(parts, options);
    // A line break is found in another place there.
    const isSplit = parts.target?.includes('\r') || parts.target?.includes('#');
    expect(ours).toBe(isSplit ? 'BAD_TARGET' : code);
  });

  test.each([8190, 8191])('and what it lets in is let in: a target of %i bytes', (bytes) => {
    const target = `/${'x'.repeat(bytes - 'GET  HTTP/1.1'.length - 1)}`;
    expect(typeof check({ target })).toBe(typeof parse({ target }));
  });

  test.each([8188, 8189, 8190, 8191])('a field of %i bytes', (bytes) => {
    const fields = ['x-a', 'x'.repeat(bytes - 'x-a: '.length)];
    expect(typeof check({ fields })).toBe(typeof parse({ fields }));
  });
});

describe('refused is also what text could say, but not this', () => {
  test.each<[string, Partial<RequestParts>, string]>([
    ['CONNECT', { method: 'CONNECT', target: 'example.org:443' }, 'METHOD_NOT_IMPLEMENTED'],
    ['an address for a target', { target: 'http://example.org/' }, 'BAD_TARGET'],
    ['Connection', { fields: ['connection', 'close'] }, 'BAD_FIELD_NAME'],
    ['Transfer-Encoding', { fields: ['transfer-encoding', 'chunked'], ended: false }, 'BAD_FIELD_NAME'],
    ['Upgrade', { fields: ['upgrade', 'websocket'] }, 'BAD_FIELD_NAME'],
    ['TE, but trailers', { fields: ['te', 'gzip'] }, 'BAD_FIELD_NAME'],
    ['a Host that is another one', { fields: ['host', 'example.com'] }, 'BAD_HOST'],
    ['a length without a body', { fields: ['content-length', '1'] }, 'BAD_CONTENT_LENGTH'],
  ])('%s', (_, parts, code) => {
    expect(check(parts)).toBe(code);
  });

  test('but not the same Host, nor TE: trailers', () => {
    expect(check({ fields: ['host', 'EXAMPLE.org', 'te', 'trailers'] })).toMatchObject({
      host: 'example.org',
    });
    expect(check({ authority: undefined, fields: ['host', 'a.b'] })).toMatchObject({ host: 'a.b' });
  });
});

test('trailers have the rules of trailers', () => {
  const checker = new RequestChecker({ maxTrailerFields: 2 });
  expect(() => checker.trailers(['x-sum', '1'])).not.toThrow();
  expect(() => checker.trailers(['host', 'a'])).toThrow(/may not be a trailer/);
  expect(() => checker.trailers(['a', '', 'b', '', 'c', ''])).toThrow(/more than 2/);
});

test('a body has its limit as it comes', () => {
  const checker = new RequestChecker({ maxBodyBytes: 10 });
  expect(() => checker.body(10)).not.toThrow();
  expect(() => checker.body(11)).toThrow(/more than 10/);
});

test('a cookie in parts counts as the one field that it is', () => {
  const crumbs = Array.from({ length: 150 }, (_, i) => ['cookie', `c${i}=1`]).flat();
  expect(check({ fields: crumbs }, { maxFields: 2 })).toMatchObject({ fields: crumbs });
  expect(check({ fields: ['a', '1', ...crumbs, 'b', '2'] }, { maxFields: 2 })).toBe('TOO_MANY_FIELDS');
  const joined = crumbs.filter((_, i) => i % 2 === 1).join('; ');
  const size = 'cookie: '.length + joined.length;
  expect(check({ fields: crumbs }, { maxFieldBytes: size })).toMatchObject({ fields: crumbs });
  expect(check({ fields: crumbs }, { maxFieldBytes: size - 1 })).toBe('FIELD_TOO_LARGE');
  expect(parse({ fields: ['cookie', joined] }, { maxFieldBytes: size - 1 })).toBe('FIELD_TOO_LARGE');
});

import { IncomingMessage, ServerResponse } from 'node:http';
import { expect, test } from 'vitest';
import { fieldPairs, headerList, statusLine } from '../src/response-head.ts';

function response(status = 200): ServerResponse {
  const request = Object.assign(new IncomingMessage(null as never), {
    httpVersionMajor: 1,
    httpVersionMinor: 1,
  });
  return Object.assign(new ServerResponse(request), { statusCode: status });
}

test.each([
  ['an object', { 'X-a': 1, b: ['2', '3'] }],
  ['a flat list', ['X-a', 1, 'b', '2', 'b', '3']],
  ['a list of pairs', [['X-a', '1'], ['b', ['2', '3']]] as never], // prettier-ignore
])('fields may be %s', (_name, fields) => {
  const expected = [['X-a', '1'], ['b', '2'], ['b', '3']]; // prettier-ignore
  expect(headerList(response(), fields)).toEqual(expected);
  const after = response().setHeader('B', 'old').setHeader('c', '4');
  const names = headerList(after, fields).map(([name, value]) => `${name.toLowerCase()}=${value}`);
  expect(names.toSorted()).toEqual(['b=2', 'b=3', 'c=4', 'x-a=1']);
});

test('a value that is missing is an error, as in node:http', () => {
  expect(() => fieldPairs({ a: undefined })).toThrow(expect.objectContaining({ code: 'ERR_HTTP_INVALID_HEADER_VALUE' })); // prettier-ignore
  expect(() => headerList(response().setHeader('b', '1'), { a: undefined })).toThrow(expect.objectContaining({ code: 'ERR_HTTP_INVALID_HEADER_VALUE' })); // prettier-ignore
});

test.each([
  ['Connection', 'close', 200, true],
  ['connection', 'keep-alive', 200, false],
  ['Keep-Alive', 'timeout=5', 200, false],
  ['TRANSFER-ENCODING', 'chunked', 200, false],
  ['Proxy-Connection', 'close', 200, false],
  ['TE', 'trailers', 200, false],
  ['Upgrade', 'websocket', 200, false],
  ['Upgrade', 'websocket', 426, true],
  ['X-Upgrade', 'kept', 200, true],
])('%s: %s of a %i is kept: %s', (name, value, status, kept) => {
  const set = headerList(response(status).setHeader(name, value), undefined);
  expect([set, headerList(response(status), { [name]: value })]).toEqual(
    Array(2).fill(kept ? [[name, value]] : []),
  );
});

test('a status has its usual reason, or one of its own', () => {
  expect(statusLine(response(), 404)).toBe('404 Not Found');
  expect(statusLine(response(), 299)).toBe('299 unknown');
  expect(statusLine(Object.assign(response(), { statusMessage: 'Gone Fishing' }), 404)).toBe(
    '404 Gone Fishing',
  );
  for (const wrong of [99, 101, 1000, Number.NaN]) {
    expect(() => statusLine(response(), wrong)).toThrow(expect.objectContaining({ code: 'ERR_HTTP_INVALID_STATUS_CODE' })); // prettier-ignore
  }
});

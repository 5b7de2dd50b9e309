import { IncomingMessage, ServerResponse } from 'node:http';
import { expect, test } from 'vitest';
import { giveFields, giveFieldsPlainly, markClosed, markHeadSent, rawNames } from '../src/internals.ts';

const LINES = ['Host', 'a', 'X-Two', '1', 'x-two', '2', 'Host', 'b'];

function response(): ServerResponse {
  const request = Object.assign(new IncomingMessage(null as never), {
    httpVersionMajor: 1,
    httpVersionMinor: 1,
  });
  return new ServerResponse(request);
}

test('fields are what Node makes of them: repeats joined, of some only the first', () => {
  const request = new IncomingMessage(null as never);
  giveFields(request, LINES);
  expect(request.rawHeaders).toBe(LINES);
  expect(request.headers).toEqual({ host: 'a', 'x-two': '1, 2' });
  expect(request.headersDistinct).toEqual({ host: ['a', 'b'], 'x-two': ['1', '2'] });
});

test('what comes when the message is complete is its trailers', () => {
  const request = new IncomingMessage(null as never);
  giveFields(request, LINES);
  request.complete = true;
  giveFields(request, ['X-End', '1'], true);
  expect([request.trailers, request.rawTrailers]).toEqual([{ 'x-end': '1' }, ['X-End', '1']]);
  expect(request.headers['x-end']).toBeUndefined();
});

test('without Node’s own way, fields and trailers are assigned', () => {
  const request = new IncomingMessage(null as never);
  giveFieldsPlainly(request, ['X-Two', '1', 'x-two', '2'], false);
  giveFieldsPlainly(request, ['X-End', '1'], true);
  expect([request.headers, request.trailers]).toEqual([{ 'x-two': '1, 2' }, { 'x-end': '1' }]);
  expect([request.rawHeaders.length, request.rawTrailers]).toEqual([4, ['X-End', '1']]);
});

test('a head that was sent cannot be changed, and `headersSent` says so', () => {
  const sent = response();
  sent.setHeader('X-Before', '1');
  markHeadSent(sent);
  expect(sent.headersSent).toBe(true);
  expect(() => sent.setHeader('X-After', '1')).toThrow(
    expect.objectContaining({ code: 'ERR_HTTP_HEADERS_SENT' }),
  );
});

test('a closed response is `closed`', () => {
  const closed = response();
  expect(closed.closed).toBe(false);
  markClosed(closed);
  expect(closed.closed).toBe(true);
});

test('names keep their case and order', () => {
  const named = response();
  named.setHeader('X-bEta', '1').setHeader('a', '2');
  expect(rawNames(named)).toEqual(['X-bEta', 'a']);
  Object.assign(named, { getRawHeaderNames: undefined });
  expect(rawNames(named)).toEqual(['x-beta', 'a']);
});

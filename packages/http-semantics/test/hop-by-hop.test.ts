import { expect, test } from 'vitest';
import { connectionNames, forwardsLeft, HOP_BY_HOP, joinVia } from '../src/index.ts';

test('the fields of a hop are those of RFC 9110 §7.6.1, but not those that a message has end to end', () => {
  for (const name of ['connection', 'te', 'transfer-encoding', 'upgrade', 'proxy-authorization'])
    expect(HOP_BY_HOP.has(name)).toBe(true);
  for (const name of ['host', 'content-length', 'authorization', 'via'])
    expect(HOP_BY_HOP.has(name)).toBe(false);
});

test.each([
  [undefined, []],
  ['close', []],
  ['keep-alive', []],
  ['X-Foo', ['x-foo']],
  ['close, X-Foo ,, X-Bar', ['close', 'x-foo', 'x-bar']],
])('Connection: %s names %j', (connection, names) => {
  expect([...connectionNames(connection)]).toEqual(names);
});

test.each([
  [undefined, 'HTTP/1.1', '1.1 front'],
  ['1.0 fred', 'HTTP/1.1', '1.0 fred, 1.1 front'],
  ['1.0 fred', 'HTTP/2', '1.0 fred, 2 front'],
])('a message with Via: %s that came in %s goes on with %s', (before, protocol, via) => {
  expect(joinVia(before, protocol, 'front')).toBe(via);
});

test.each([
  ['OPTIONS', '0', 0],
  ['TRACE', '5', 5],
  ['OPTIONS', undefined, undefined],
  ['OPTIONS', '-1', undefined],
  ['OPTIONS', 'x', undefined],
  ['GET', '0', undefined],
])('%s with Max-Forwards: %s may pass %s more', (method, field, left) => {
  expect(forwardsLeft(method, field)).toBe(left);
});

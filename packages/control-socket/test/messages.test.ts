import { expect, test } from 'vitest';
import { parseAnswer, parseRequest } from '../src/messages.ts';

test.each([
  ['{"id":1,"command":"status"}', { id: 1, command: 'status', args: undefined }],
  ['{"command":"scale","args":{"workers":2}}', { id: null, command: 'scale', args: { workers: 2 } }],
  ['{"id":"a","cancel":true}', { id: 'a', cancel: true }],
  ['{"id":{},"command":"status"}', undefined],
  ['{"id":1}', undefined],
  ['{"command":7}', undefined],
  ['[1]', undefined],
  ['"status"', undefined],
  ['null', undefined],
  ['status', undefined],
])('the request %s', (line, request) => {
  expect(parseRequest(line)).toEqual(request);
});

test.each([
  ['{"id":1,"result":null}', true],
  ['{"id":1,"item":{}}', true],
  ['{"id":1,"end":true}', true],
  ['{"id":null,"error":{"code":"busy","message":"x"}}', true],
  ['{"id":1,"error":"x"}', false],
  ['{"id":1}', false],
  ['HTTP/1.1 400 Bad Request', false],
])('the answer %s is one: %j', (line, known) => {
  expect(parseAnswer(line) !== undefined).toBe(known);
});

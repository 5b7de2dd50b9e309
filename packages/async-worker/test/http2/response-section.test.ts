import { expect, test } from 'vitest';
import { responseSection, trailerSection } from '../../src/http2/response-section.ts';
import { ServerFields } from '../../src/server-fields.ts';

const server = new ServerFields('here', () => 784_111_777_000);

test('names are in lower case, the status has no reason', () => {
  expect(responseSection('404 Not Found', [['X-A', 'b']], server, 9)).toEqual({
    ':status': 404,
    'x-a': 'b',
    date: 'Sun, 06 Nov 1994 08:49:37 GMT',
    server: 'here',
    'content-length': '9',
  });
});

test('a field that comes three times has three values', () => {
  const section = responseSection('200 OK', [['A', '1'], ['a', '2'], ['A', '3']], undefined, -1); // prettier-ignore
  expect(section).toEqual({ ':status': 200, a: ['1', '2', '3'] });
});

test('the application’s Date counts, and a server may be nameless', () => {
  const nameless = new ServerFields(false, () => 0);
  expect(responseSection('200 OK', [['Date', 'today']], nameless, -1)).toEqual({
    ':status': 200,
    date: 'today',
  });
});

test('trailers have no status', () => {
  expect(trailerSection([['Grpc-Status', ' 0 ']])).toEqual({ 'grpc-status': '0' });
});

test('a field may have the name of what every object has', () => {
  expect(responseSection('200 OK', [['Constructor', 'a']], undefined, -1)).toHaveProperty('constructor', 'a');
});

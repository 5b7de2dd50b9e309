import { expect, test } from 'vitest';
import { CgiResponseParser, encodeCgiHead } from '../src/index.ts';

test('a status is a field, or a line', () => {
  const fields: [string, string][] = [['Content-Type', 'text/plain'], ['Set-Cookie', 'a=b']]; // prettier-ignore
  expect(encodeCgiHead('404 Not Found', fields).toString()).toBe(
    'Status: 404 Not Found\r\nContent-Type: text/plain\r\nSet-Cookie: a=b\r\n\r\n',
  );
  expect(encodeCgiHead('200 OK', [], 'line').toString()).toBe('HTTP/1.1 200 OK\r\n\r\n');
});

test.each(['field', 'line'] as const)('with the status as a %s, a client reads it', (form) => {
  const heads: number[] = [];
  const handler = {
    onHead: ({ status }: { status: number }) => void heads.push(status),
    onBody: () => undefined,
    onEnd: () => undefined,
  };
  const parser = new CgiResponseParser(handler, { method: 'GET', statusLine: form === 'line' });
  parser.push(encodeCgiHead('418 I am a teapot', [['X', '1']], form));
  expect(heads).toEqual([418]);
});

test.each([
  ['200', [], 'BAD_STATUS'],
  ['100 Continue', [], 'BAD_STATUS'],
  ['200 OK\r\nX: 1', [], 'BAD_STATUS'],
  ['200 OK', [['A:', 'b']], 'BAD_VARIABLE'],
  ['200 OK', [['A', 'b\r\nC: d']], 'BAD_VARIABLE'],
  ['200 OK', [['A', '€']], 'BAD_VARIABLE'],
] as const)('what could be read as another field is refused: %j %j', (status, fields, code) => {
  expect(() => encodeCgiHead(status, fields)).toThrow(expect.objectContaining({ code }) as Error);
});

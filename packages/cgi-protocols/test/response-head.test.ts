import { describe, expect, test } from 'vitest';
import { readHead } from '../src/response-head.ts';

const read = (text: string, options = {}): string => {
  const { status, reason, fields, contentLength, localRedirect } = readHead(text, options);
  return `${status} ${reason}|${fields.join('|')}|${contentLength}${localRedirect ? ' local' : ''}`;
};

describe('a head', () => {
  test.each([
    ['Content-Type: a/b', '200 OK|Content-Type|a/b|-1'],
    ['Status: 404 Not Found\r\nContent-Type:a', '404 Not Found|Content-Type|a|-1'],
    ['status: 299', '299 ||-1'],
    ['Location: http://a/b', '302 Found|Location|http://a/b|-1'],
    ['Location: /b', '302 Found|Location|/b|-1 local'],
    ['Location: /b\nStatus: 201 Created', '201 Created|Location|/b|-1'],
    ['Content-Length: 5\nContent-Length: 5', '200 OK|Content-Length|5|5'],
    ['Set-Cookie: a\nSet-Cookie: b\nContent-Type: x', '200 OK|Set-Cookie|a|Set-Cookie|b|Content-Type|x|-1'],
    ['Content-Type: a\nTransfer-Encoding: Identity', '200 OK|Content-Type|a|Transfer-Encoding|Identity|-1'],
    ['Content-Type: \t a b \t', '200 OK|Content-Type|a b|-1'],
  ])('%j', (text, expected) => {
    expect(read(text)).toBe(expected);
  });

  test.each([
    ['HTTP/1.1 404 Not Found\r\nA: b', '404 Not Found|A|b|-1'],
    ['HTTP/1.0 200 OK', '200 OK||-1'],
    ['HTTP/1.1 404 Not Found\r\nStatus: 404 Not Found', '404 Not Found||-1'],
  ])('with a status line, where one may stand: %j', (text, expected) => {
    expect(read(text, { statusLine: true })).toBe(expected);
  });

  test.each([
    ['HTTP/1.1 200 OK', 'BAD_FIELD'],
    ['A: b', 'NO_CGI_FIELD'],
    ['', 'NO_CGI_FIELD'],
    ['Status: OK', 'BAD_STATUS_FIELD'],
    ['Status: 20', 'BAD_STATUS_FIELD'],
    ['Status: 103 Early Hints', 'BAD_STATUS_FIELD'],
    ['Status: 200 OK\nStatus: 404', 'REPEATED_FIELD'],
    ['Content-Length: 5\nContent-Length: 6', 'REPEATED_FIELD'],
    ['Content-Length: -5', 'BAD_CONTENT_LENGTH'],
    ['Content-Length: 99999999999999999', 'BAD_CONTENT_LENGTH'],
    ['Content-Type: a\n folded', 'BAD_FIELD'],
    ['Content-Type : a', 'BAD_FIELD'],
    ['Content-Type: a\rX: b', 'BAD_FIELD'],
    ['Content-Type: a\0', 'BAD_FIELD'],
    ['no colon', 'BAD_FIELD'],
    ['Content-Type: a\nTransfer-Encoding: chunked', 'BAD_FIELD'],
  ])('is refused: %j', (text, code) => {
    expect(() => read(text)).toThrow(expect.objectContaining({ code }) as Error);
  });

  test('has so many fields and no more', () => {
    expect(() => read('Content-Type: a\nB: c', { maxFields: 1 })).toThrow(
      expect.objectContaining({ code: 'TOO_MANY_FIELDS' }) as Error,
    );
  });
});

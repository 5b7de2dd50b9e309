/** Some of the items 1 to 44 of the list of what a strict server must do, over sockets, by their numbers. */
import { expect, test } from 'vitest';
import { bodyOf, echoBody, serve, statusesOf } from '../support.ts';

const host = 'Host: example.org\r\n';

test.each([
  ['1: CRLF before a request is skipped', `\r\n\r\nGET / HTTP/1.1\r\n${host}Connection: close\r\n\r\n`, 200],
  ['2: bare LF', 'GET / HTTP/1.1\nHost: x\n\n', 400],
  ['3: bare CR', `GET / HTTP/1.1\r\nA: b\rc\r\n${host}\r\n`, 400],
  ['4: two spaces in the request line', `GET  / HTTP/1.1\r\n${host}\r\n`, 400],
  ['5: no version', 'GET /\r\n\r\n', 400],
  ['6: HTTP/1.10', `GET / HTTP/1.10\r\n${host}\r\n`, 400],
  ['7: another major version', `GET / HTTP/3.0\r\n${host}\r\n`, 505],
  ['8: a method that is no token', `GE(T / HTTP/1.1\r\n${host}\r\n`, 400],
  ['9: a method that nobody implements', `FETCH / HTTP/1.1\r\n${host}\r\n`, 501],
  ['10: a target that is too long', `GET /${'a'.repeat(8200)} HTTP/1.1\r\n${host}\r\n`, 414],
  ['10: a target of 8000 bytes', `GET /${'a'.repeat(7999)} HTTP/1.1\r\n${host}Connection: close\r\n\r\n`, 200],
  ['11: raw non-ASCII in the target', `GET /\xfc HTTP/1.1\r\n${host}\r\n`, 400],
  ['13: absolute-form', `GET http://other.org/ HTTP/1.1\r\n${host}Connection: close\r\n\r\n`, 200],
  ['16: a relative target', `GET foo HTTP/1.1\r\n${host}\r\n`, 400],
  ['17: no Host', 'GET / HTTP/1.1\r\n\r\n', 400],
  ['18: two Hosts', `GET / HTTP/1.1\r\n${host}${host}\r\n`, 400],
  ['19: a Host with userinfo', 'GET / HTTP/1.1\r\nHost: a@b\r\n\r\n', 400],
  ['20: a space before the colon', `GET / HTTP/1.1\r\n${host}A : b\r\n\r\n`, 400],
  ['22: obs-fold', `GET / HTTP/1.1\r\n${host}A: b\r\n c\r\n\r\n`, 400],
  ['24: NUL in a value', `GET / HTTP/1.1\r\n${host}A: b\0c\r\n\r\n`, 400],
  ['26: obs-text in a value', `GET / HTTP/1.1\r\n${host}A: \xff\r\nConnection: close\r\n\r\n`, 200],
  ['30: too many fields', `GET / HTTP/1.1\r\n${host}${'A: b\r\n'.repeat(101)}\r\n`, 431],
  ['31: Content-Length +5', `POST / HTTP/1.1\r\n${host}Content-Length: +5\r\n\r\nabcde`, 400],
  ['34: two differing Content-Lengths', `POST / HTTP/1.1\r\n${host}Content-Length: 5\r\nContent-Length: 6\r\n\r\n`, 400],
  ['35: Content-Length with Transfer-Encoding', `POST / HTTP/1.1\r\n${host}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n`, 400],
  ['36: Transfer-Encoding in HTTP/1.0', 'POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n', 400],
  ['37: chunked twice', `POST / HTTP/1.1\r\n${host}Transfer-Encoding: chunked, chunked\r\n\r\n`, 400],
  ['38: an unknown coding', `POST / HTTP/1.1\r\n${host}Transfer-Encoding: gzip, chunked\r\n\r\n`, 501],
  ['41: a chunk size with a sign', `POST / HTTP/1.1\r\n${host}Transfer-Encoding: chunked\r\n\r\n+5\r\n`, 400],
  ['43: no CRLF behind a chunk', `POST / HTTP/1.1\r\n${host}Transfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n`, 400],
  ['44: a trailer that frames', `POST / HTTP/1.1\r\n${host}Transfer-Encoding: chunked\r\n\r\n0\r\nContent-Length: 5\r\n\r\n`, 400],
])('%s', async (_name, text, status) => {
  await using server = await serve(echoBody);
  const answer = await server.exchange(text);
  expect(statusesOf(answer)).toEqual([status]);
  expect(answer).toContain('\r\nConnection: close\r\n');
}); // prettier-ignore

test('33: leading zeros are no octal number', async () => {
  await using server = await serve(echoBody);
  const text = `POST / HTTP/1.1\r\n${host}Connection: close\r\nContent-Length: 010\r\n\r\n0123456789`;
  expect(bodyOf(await server.exchange(text))).toBe('0123456789');
});

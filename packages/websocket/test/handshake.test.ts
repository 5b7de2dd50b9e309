import type { Environ } from '@highball/gateway-protocol';
import { exchange } from '@highball/testkit';
import { describe, expect, test } from 'vitest';
import { createWebSocketAcceptor, HandshakeError, isWebSocketRequest, webSocket } from '../src/index.ts';
import { handshake, KEY, serve } from './support.ts';

describe('a handshake that is no good', () => {
  test.each<[name: string, start: string | undefined, lines: string[], answer: RegExp]>([
    ['is refused with 405 when it is a POST', 'POST / HTTP/1.1', ['Content-Length: 0'], /^HTTP\/1\.1 405 [^]*\r\nAllow: GET\r\n/],
    ['is refused with 426 without Upgrade', undefined, ['Upgrade:'], /^HTTP\/1\.1 426 [^]*\r\nUpgrade: websocket\r\n/],
    ['is refused with 426 without Connection', undefined, ['Connection:'], /^HTTP\/1\.1 426 /],
    ['is refused with 426 when it asks for something else', undefined, ['Upgrade: h2c'], /^HTTP\/1\.1 426 /],
    ['is refused with 426 over HTTP/1.0', 'GET / HTTP/1.0', [], /^HTTP\/1\.1 426 /],
    ['is refused with 426 and the version for an old one', undefined, ['Sec-WebSocket-Version: 8'], /^HTTP\/1\.1 426 [^]*\r\nSec-WebSocket-Version: 13\r\n/],
    ['is refused with 426 and the version without one', undefined, ['Sec-WebSocket-Version:'], /^HTTP\/1\.1 426 [^]*\r\nSec-WebSocket-Version: 13\r\n/],
    ['is refused with 400 without a key', undefined, ['Sec-WebSocket-Key:'], /^HTTP\/1\.1 400 [^]*16 bytes in base64/],
    ['is refused with 400 with a short key', undefined, ['Sec-WebSocket-Key: c2hvcnQ='], /^HTTP\/1\.1 400 /],
    ['is refused with 400 with a key that is no base64', undefined, ['Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZR=='], /^HTTP\/1\.1 400 /],
    ['is refused with 400 with an empty subprotocol', undefined, ['Sec-WebSocket-Protocol: a,,b'], /^HTTP\/1\.1 400 /],
    ['is refused with 400 with a subprotocol twice', undefined, ['Sec-WebSocket-Protocol: a, a'], /^HTTP\/1\.1 400 /],
    ['is refused with 403 from another site', undefined, ['Origin: https://evil.example'], /^HTTP\/1\.1 403 [^]*pages of this origin/],
  ])('%s', async (_name, start, lines, answer) => {
    let handled = false;
    await using server = await serve(webSocket(() => void (handled = true)));
    const isOld = start?.endsWith('1.0') ?? false;
    const last = [...lines];
    if (!lines.some((line) => line.startsWith('Connection'))) last.push('Connection: Upgrade, close');
    if (isOld || lines.includes('Connection:')) last.push('Connection: close');
    expect(await exchange(server.port, handshake(last, start))).toMatch(answer);
    expect(handled).toBe(false);
    expect(server.errors).toEqual([]);
  }); // prettier-ignore

  test('tells a program that calls the acceptor how to answer', () => {
    const environ = environOf({ HTTP_SEC_WEBSOCKET_VERSION: '7' });
    const { check } = createWebSocketAcceptor();
    expect(() => check(environ)).toThrow(HandshakeError);
    expect(() => check(environ)).toThrow(
      expect.objectContaining({
        code: 'BAD_VERSION',
        status: '426 Upgrade Required',
        headers: [
          ['Upgrade', 'websocket'],
          ['Sec-WebSocket-Version', '13'],
        ],
      }),
    );
  });

  test('is refused with 501 by a server that cannot give the connection away', () => {
    const environ = environOf({});
    delete environ['highball.upgrade'];
    expect(() => createWebSocketAcceptor().accept(environ)).toThrow(
      expect.objectContaining({ code: 'NO_UPGRADE', status: '501 Not Implemented' }),
    );
  });
});

describe('the names of the handshake', () => {
  test('are read without regard to case, and out of lists', () => {
    const environ = environOf({ HTTP_UPGRADE: 'h2c, WebSocket', HTTP_CONNECTION: 'keep-alive, UPGRADE' });
    expect(isWebSocketRequest(environ)).toBe(true);
    expect(createWebSocketAcceptor().check(environ)).toMatchObject({ key: KEY });
  });

  test('are whole tokens', () => {
    expect(isWebSocketRequest(environOf({ HTTP_UPGRADE: 'websockets' }))).toBe(false);
    expect(isWebSocketRequest(environOf({ HTTP_CONNECTION: 'no-upgrade' }))).toBe(false);
  });
});

/** An environ that opens a WebSocket, but for what is changed. */
function environOf(changes: Record<string, string>): Environ {
  return {
    REQUEST_METHOD: 'GET',
    SERVER_PROTOCOL: 'HTTP/1.1',
    HTTP_HOST: 'example.org',
    HTTP_UPGRADE: 'websocket',
    HTTP_CONNECTION: 'Upgrade',
    HTTP_SEC_WEBSOCKET_KEY: KEY,
    HTTP_SEC_WEBSOCKET_VERSION: '13',
    'wsgi.url_scheme': 'http',
    'highball.upgrade': () => {
      throw new Error('not asked for');
    },
    ...changes,
  } as unknown as Environ;
}

import { describe, expect, test } from 'vitest';
import { createWebSocketAcceptor, webSocket, type WebSocketOptions } from '../src/index.ts';

describe('an option that makes no sense is refused at once:', () => {
  test.each<[WebSocketOptions, RegExp]>([
    [{ maxPayloadBytes: 0 }, /maxPayloadBytes must be a number above 0, not 0/],
    [{ maxPayloadBytes: Infinity }, /maxPayloadBytes/],
    [{ closeTimeoutMs: Infinity }, /closeTimeoutMs/],
    [{ pingIntervalMs: -1 }, /pingIntervalMs/],
    [{ pongTimeoutMs: Number.NaN }, /pongTimeoutMs/],
    [{ receiveQueueBytes: 0 }, /receiveQueueBytes/],
    [{ sendHighWaterBytes: 0 }, /sendHighWaterBytes/],
    [{ sendQueueBytes: 0 }, /sendQueueBytes/],
    [{ deflate: { thresholdBytes: -1 } }, /thresholdBytes/],
    [{ allowedOrigins: ['example.org'] }, /origins as browsers send them/],
    [{ allowedOrigins: ['https://example.org/'] }, /not 'https:\/\/example\.org\/'/],
    [{ allowedOrigins: ['https://example.org:443'] }, /origins as browsers/],
  ])('%o', (options, message) => {
    expect(() => webSocket(() => undefined, options)).toThrow(
      expect.objectContaining({
        name: 'WebSocketUsageError',
        code: 'BAD_OPTION',
        message: expect.stringMatching(message) as string,
      }),
    );
  });

  test.each([
    [['Sec-WebSocket-Protocol', 'x']],
    [['Upgrade', 'x']],
    [['Content-Length', '1']],
    [['X', 'a\r\nSet-Cookie: b']],
    [['X', 'é']],
    [['X Y', 'a']],
    [['', 'a']],
  ] as [[string, string]][])('the field %j', (header) => {
    expect(() => createWebSocketAcceptor({ headers: [header] })).toThrow(
      expect.objectContaining({ code: 'BAD_HEADER' }),
    );
  });
});

test('deadlines of Infinity are none', () => {
  expect(() =>
    webSocket(() => undefined, { pingIntervalMs: Infinity, pongTimeoutMs: Infinity }),
  ).not.toThrow();
});

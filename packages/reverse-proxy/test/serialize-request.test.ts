import type { Environ } from '@highball/gateway-protocol';
import { describe, expect, test } from 'vitest';
import type { OutgoingRequest } from '../src/outgoing-request.ts';
import { SentFields } from '../src/sent-fields.ts';
import { serializeRequest } from '../src/serialize-request.ts';

const request = (changed: Partial<OutgoingRequest>): OutgoingRequest => ({
  environ: {} as Environ,
  method: 'GET',
  target: '/',
  fields: new SentFields(['Host', 'a']),
  ownFields: [],
  contentLength: undefined,
  body: undefined,
  upgrade: undefined,
  expectsContinue: false,
  ...changed,
});

// The server in front lets none of these through; what stands between may have made them.
describe('what would be another request is not sent', () => {
  test.each<[string, Partial<OutgoingRequest>]>([
    ['a line break in the target', { target: '/ HTTP/1.1\r\nX: a' }],
    ['a space in the target', { target: '/a b' }],
    ['no target', { target: '' }],
    ['a method that is no token', { method: 'GET /evil' }],
    ['a line break in a field', { fields: new SentFields(['X', 'a\r\nContent-Length: 5']) }],
    ['a lone LF in a field', { fields: new SentFields(['X', 'a\nb: c']) }],
    ['a NUL in a field', { fields: new SentFields(['X', 'a\0']) }],
    ['what is no byte', { fields: new SentFields(['X', '\u010a']) }],
    ['a line break in a field of its own', { ownFields: ['X-Request-Id', 'a\r\n'] }],
    ['a line break in the upgrade', { upgrade: 'websocket\r\nX: a' }],
  ])('%s', (_, changed) => {
    expect(() => serializeRequest(request(changed))).toThrow(
      expect.objectContaining({ code: 'BAD_REQUEST' }) as Error,
    );
  });
});

test('bytes beyond ASCII go as they came', () => {
  const text = serializeRequest(
    request({ target: '/\xe4', fields: new SentFields(['Host', 'a', 'X', '\xe4']) }),
  );
  expect(text).toBe('GET /\xe4 HTTP/1.1\r\nHost: a\r\nX: \xe4\r\n\r\n');
});

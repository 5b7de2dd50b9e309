import { describe, expect, test } from 'vitest';
import { frameResponse } from '../src/response-framing.ts';

describe('frameResponse', () => {
  const facts = {
    method: 'GET',
    status: '200 OK',
    contentLength: -1,
    wholeLength: -1,
    hasTrailers: false,
  } as const;

  test.each([
    [{ minorVersion: 1 }, 'chunked'],
    [{ minorVersion: 0 }, 'close'],
    [{ minorVersion: 0, wholeLength: 3 }, 'length'],
    [{ minorVersion: 1, wholeLength: 3, hasTrailers: true }, 'chunked'],
    [{ minorVersion: 1, contentLength: 3, hasTrailers: true }, 'length'],
    [{ minorVersion: 1, method: 'HEAD', wholeLength: 3 }, 'none'],
    [{ minorVersion: 1, status: '204 No Content' }, 'none'],
  ] as const)('%j is framed by %s', (more, kind) => {
    expect(frameResponse({ ...facts, ...more }).kind).toBe(kind);
  });
});

import { describe, expect, test } from 'vitest';
import { errorPage, refusal } from '../src/error-page.ts';

describe('what the server answers by itself', () => {
  test('tells the status and nothing of the inside', () => {
    expect(errorPage(500)).toEqual({
      status: '500 Internal Server Error',
      headers: [['Content-Type', 'text/plain; charset=utf-8']],
      body: '500 Internal Server Error\n',
    });
    expect(errorPage(499).status).toBe('499 Error');
  });

  test('has no body for HEAD', () => {
    expect(refusal(400, 'A: b\r\n', false)).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n[^]*\r\n\r\n$/);
    expect(refusal(400, '', true)).toMatch(
      /\r\nContent-Length: 16\r\nConnection: close\r\n\r\n400 Bad Request\n$/,
    );
  });
});

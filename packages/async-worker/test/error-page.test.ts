import { describe, expect, test } from 'vitest';
import { checkedPages, type ErrorPage, plainPage, refusal } from '../src/error-page.ts';
import { bodyOf, deferred, echoBody, get, request, serve, statusesOf, TestLog, until } from './support.ts';

describe('what the server answers by itself', () => {
  test('tells the status and nothing of the inside', () => {
    expect(plainPage(500)).toEqual({
      status: '500 Internal Server Error',
      headers: [['Content-Type', 'text/plain; charset=utf-8']],
      body: '500 Internal Server Error\n',
    });
    expect(plainPage(499).status).toBe('499 Error');
  });

  test('has no body for HEAD', () => {
    const page = plainPage(400);
    expect(refusal(page, 'A: b\r\n', false)).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n[^]*\r\n\r\n$/);
    expect(refusal(page, '', true)).toMatch(
      /\r\nContent-Length: 16\r\nConnection: close\r\n\r\n400 Bad Request\n$/,
    );
  });

  test('has the length of its bytes', () => {
    const answer = refusal({ ...plainPage(400), body: 'für dich' }, '', true);
    expect(answer).toContain('\r\nContent-Length: 9\r\n');
    expect(Buffer.from(bodyOf(answer), 'latin1').toString()).toBe('für dich');
  });
});

describe('pages of the hook errorPage', () => {
  const made: ErrorPage = { status: '400 Bad', headers: [['Content-Type', 'text/html']], body: '<p>né' };

  test.each([
    ['of another status', { ...made, status: '200 OK' }],
    ['with a length', { ...made, headers: [['content-length', '5']] }],
    ['that say how the connection goes on', { ...made, headers: [['Connection', 'keep-alive']] }],
    ['that would split the answer', { ...made, headers: [['X-A', 'b\r\nc: d']] }],
    ['without a body', { ...made, body: undefined }],
    ['that are none', undefined],
  ])('%s are not sent', (_, page) => {
    const log = new TestLog();
    expect(checkedPages(() => page as unknown as ErrorPage, log)(400)).toEqual(plainPage(400));
    expect(log.entries).toMatchObject([{ level: 'error', details: { status: 400 } }]);
  });

  test('are not sent when the hook throws', () => {
    const log = new TestLog();
    const pages = checkedPages(() => {
      throw new Error('no page');
    }, log);
    expect(pages(503)).toEqual(plainPage(503));
    expect(log.errors()).toEqual(['the hook errorPage failed: no page']);
  });

  /** Names the status, and the path where it is known. */
  const errorPage = (status: number, environ?: { PATH_INFO: string }): ErrorPage => ({
    status: `${status} Own`,
    headers: [['Content-Type', 'text/html']],
    body: `<h1>${status} é ${environ?.PATH_INFO ?? '-'}`,
  });

  test.each([
    ['a head that cannot be read', 'GET / HTTP/1.1\r\nHost : x\r\n\r\n', 400, '-'],
    ['a field that is too long', get('/', `X: ${'x'.repeat(9000)}`), 431, '-'],
    ['a target that is too long', get(`/${'x'.repeat(9000)}`), 414, '-'],
    ['a version of the future', 'GET / HTTP/3.0\r\nHost: x\r\n\r\n', 505, '-'],
    ['a body that is too long', request('POST', '/p', [], 'x'.repeat(200)), 413, '-'],
    ['an application that fails', get('/fail', 'Connection: close'), 500, '/fail'],
  ])('are the answer to %s', async (_, text, status, path) => {
    await using server = await serve(
      () => {
        throw new Error('fail');
      },
      { errorPage, maxBodyBytes: 100 },
    );
    const answer = await server.exchange(text);
    expect(statusesOf(answer)).toEqual([status]);
    expect(answer).toContain('\r\nContent-Type: text/html\r\n');
    expect(Buffer.from(bodyOf(answer), 'latin1').toString()).toBe(`<h1>${status} é ${path}`);
  });

  test('are the answer to a head that is too slow, and to a body and an application with their path', async () => {
    const never = deferred();
    const options = { errorPage, headTimeoutMs: 5000, bodyGraceMs: 5000, requestTimeoutMs: 9000 };
    await using server = await serve(async (environ, start) => {
      if (environ.PATH_INFO === '/never') await never.promise;
      return echoBody(environ, start);
    }, options);
    const cases = [
      ['GET / HT', '<h1>408'],
      [request('POST', '/slow', [], 'body').slice(0, -1), '<h1>408'],
      [get('/never'), '<h1>503'],
    ] as const;
    const clients = await Promise.all(cases.map(() => server.connect()));
    cases.forEach(([text], i) => clients[i]?.send(text));
    await until(() => server.worker.stats().active === 2);
    await new Promise((resolve) => setTimeout(resolve, 50));
    server.clock.advance(20_000);
    await Promise.all(clients.map(({ closed }) => closed));
    expect(clients.map(({ received }) => Buffer.from(bodyOf(received), 'latin1').toString())).toEqual([
      '<h1>408 é -',
      '<h1>408 é /slow',
      '<h1>503 é /never',
    ]);
    never.resolve();
  });
});

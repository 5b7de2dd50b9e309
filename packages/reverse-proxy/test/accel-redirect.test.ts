import { exchange } from '@highball/testkit';
import type { Environ } from '@highball/gateway-protocol';
import { describe, expect, test } from 'vitest';
import { echo, get, post, startProxy, startUpstream } from './support.ts';

describe('X-Accel', () => {
  test('Redirect is answered by the application that was given, with the upstream’s own fields', async () => {
    await using upstream = await echo(
      'body',
      'X-Accel-Redirect: /files/a%20b?v=1\r\nContent-Type: a/b\r\nX-Gone: 1\r\n',
    );
    const asked: Environ[] = [];
    await using proxy = await startProxy([upstream.url], {
      accelRedirect: (environ, startResponse) => {
        asked.push(environ);
        startResponse('200 OK', [['Content-Type', 'text/html'], ['ETag', '"1"']]); // prettier-ignore
        return ['file'];
      },
    });
    const answer = await exchange(proxy.port, post('x'));
    expect(answer).toMatch(/ETag: "1"\r\n[^]*\r\n\r\nfile$/);
    expect(answer).toContain('Content-Type: a/b\r\n');
    expect(answer).not.toMatch(/text\/html|x-gone|x-accel/i);
    expect(asked[0]).toMatchObject({ REQUEST_METHOD: 'GET', PATH_INFO: '/files/a b', QUERY_STRING: 'v=1' });
  });

  test('Redirect leaves a body that nobody will read', async () => {
    await using upstream = await startUpstream((socket) => {
      socket.write('HTTP/1.1 200 OK\r\nX-Accel-Redirect: /a\r\nContent-Length: 1000\r\n\r\nhalf');
    });
    await using proxy = await startProxy([upstream.url], {
      accelRedirect: (_, startResponse) => {
        startResponse('200 OK', [['Content-Type', 'a/b']]);
        return ['file'];
      },
    });
    expect(await exchange(proxy.port, get('/'))).toMatch(/file$/);
    await expect.poll(() => upstream.sockets[0]?.closed).toBe(true);
  });

  test('fields never reach the client', async () => {
    await using upstream = await echo('body', 'X-Accel-Redirect: /secret\r\nX-Accel-Expires: 5\r\n');
    await using proxy = await startProxy([upstream.url]);
    expect(await exchange(proxy.port, get('/'))).toMatch(/^(?![^]*x-accel)[^]*body$/i);
  });
});

/** The items 45 to 57 of the list of what a strict server must do, over sockets, by their numbers. */
import type { Application } from '@highball/gateway-protocol';
import { describe, expect, test } from 'vitest';
import { bodyOf, echoBody, echoPath, get, last, request, serve, statusesOf, until } from '../support.ts';

const chunked = ['Transfer-Encoding: chunked'];

describe('45: end of stream inside a body', () => {
  test.each([
    ['by length', 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc'],
    ['in a chunk', `${request('POST', '/', chunked)}9\r\nabc`],
    ['before the last chunk', `${request('POST', '/', chunked)}3\r\nabc\r\n`],
    ['in the trailers', `${request('POST', '/', chunked)}3\r\nabc\r\n0\r\nX: y\r\n`],
  ])('%s: is never taken for a whole message', async (_name, text) => {
    const bodies: Uint8Array[] = [];
    const failures: unknown[] = [];
    await using server = await serve(async (environ, start) => {
      try {
        bodies.push(await environ['wsgi.input'].read());
      } catch (error) {
        failures.push((error as { code: string }).code);
      }
      start('200 OK', []);
      return [];
    });
    const client = await server.connect();
    client.send(text);
    await until(() => server.worker.stats().active === 1);
    client.end();
    await client.closed;
    expect(statusesOf(client.received)).toEqual([400]);
    await until(() => failures.length > 0);
    expect(failures).toEqual(['CLIENT_GONE']);
    expect(bodies).toEqual([]);
  });
});

describe('46: a body over the limit', () => {
  test.each([
    ['by length', request('POST', '/', [], 'x'.repeat(11))],
    ['in chunks', `${request('POST', '/', chunked)}6\r\nabcdef\r\n6\r\nabcdef\r\n0\r\n\r\n`],
  ])('%s: 413', async (_name, text) => {
    await using server = await serve(echoBody, { maxBodyBytes: 10 });
    expect(statusesOf(await server.exchange(text))).toEqual([413]);
  });

  test('up to the limit: 200', async () => {
    await using server = await serve(echoBody, { maxBodyBytes: 10 });
    const text = request('POST', '/', ['Connection: close'], 'x'.repeat(10));
    expect(statusesOf(await server.exchange(text))).toEqual([200]);
  });
});

describe('47: pipelining', () => {
  test('answers in order, nothing after an error', async () => {
    await using server = await serve(async (environ, start) => {
      await new Promise((resolve) => setTimeout(resolve, environ.PATH_INFO === '/1' ? 20 : 0));
      start('200 OK', []);
      return [environ.PATH_INFO];
    });
    const answer = await server.exchange(`${get('/1')}${get('/2')}GET /3\r\n\r\n${get('/4')}`);
    expect(statusesOf(answer)).toEqual([200, 200, 400]);
    expect(answer.match(/\/\d$|\/\d(?=HTTP)/gm)).toEqual(['/1', '/2']);
    expect(server.worker.stats().requests).toBe(2);
  });

  test('nothing after an application that had to be cut', async () => {
    await using server = await serve((_environ, start) => {
      start('200 OK', [['Content-Length', '9']]);
      return new Set(['short']);
    });
    expect(statusesOf(await server.exchange(get('/') + get('/')))).toEqual([200]);
    expect(server.worker.stats().requests).toBe(1);
  });
});

describe('48: HTTP/1.0', () => {
  test('closes, unless keep-alive is asked for', async () => {
    await using server = await serve(echoPath);
    const text =
      'GET /1 HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET /2 HTTP/1.0\r\n\r\nGET /3 HTTP/1.0\r\n\r\n';
    const answer = await server.exchange(text);
    expect(answer.match(/^Connection: .*$/gm)).toEqual(['Connection: keep-alive', 'Connection: close']);
  });
});

describe('49: bytes after Connection: close', () => {
  test('are ignored', async () => {
    await using server = await serve(echoPath);
    expect(statusesOf(await server.exchange(`${last('/1')}${get('/2')}\0\0`))).toEqual([200]);
  });
});

describe('50: a body that the application did not read', () => {
  test('is drained up to a limit, and the next request is its own', async () => {
    await using server = await serve(echoPath);
    const answer = await server.exchange(request('POST', '/1', [], get('/smuggled')) + last('/2'));
    expect(answer.match(/\/[12](?=HTTP|$)/g)).toEqual(['/1', '/2']);
    expect(server.worker.stats().requests).toBe(2);
  });

  test('of too many bytes closes the connection', async () => {
    await using server = await serve(echoPath, { drainBodyBytes: 10 });
    const answer = await server.exchange(request('POST', '/1', [], 'x'.repeat(100)) + get('/2'));
    expect(statusesOf(answer)).toEqual([200]);
    expect(answer).toMatch(/Connection: close/);
  });
});

describe('51: Expect', () => {
  const expecting = (version: string, what: string): string =>
    `POST / HTTP/${version}\r\nHost: x\r\nContent-Length: 3\r\nConnection: close\r\nExpect: ${what}\r\n\r\n`;

  test('100-continue is answered when the body is first read', async () => {
    await using server = await serve(echoBody);
    const client = await server.connect();
    client.send(expecting('1.1', '100-continue'));
    await client.until('HTTP/1.1 100 Continue\r\n\r\n');
    client.send('abc');
    await client.closed;
    expect(bodyOf(bodyOf(client.received))).toBe('abc');
  });

  test('it is ignored in HTTP/1.0', async () => {
    await using server = await serve(echoBody);
    const client = await server.connect();
    client.send(`${expecting('1.0', '100-continue')}abc`);
    await client.closed;
    expect(statusesOf(client.received)).toEqual([200]);
  });

  test('another expectation is 417', async () => {
    await using server = await serve(echoBody);
    expect(statusesOf(await server.exchange(expecting('1.1', 'miracles')))).toEqual([417]);
  });
});

describe('52: Upgrade', () => {
  const offers: Application = (environ, start) => {
    start('200 OK', []);
    return [String('highball.upgrade' in environ)];
  };

  test.each([
    ['with Connection: upgrade', last('/', 'Connection: keep-alive, Upgrade', 'Upgrade: websocket'), 'true'],
    ['without it', last('/', 'Upgrade: websocket'), 'false'],
    ['in HTTP/1.0', 'GET / HTTP/1.0\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n', 'false'],
  ])('%s', async (_name, text, answer) => {
    await using server = await serve(offers);
    expect(bodyOf(await server.exchange(text))).toBe(answer);
  });
});

describe('53: responses without a body', () => {
  const answering =
    (status: string): Application =>
    (environ, start) => {
      environ['wsgi.early_hints']?.([['Link', '</a>']]);
      start(status, []);
      return (function* body() { yield 'body'; })(); // prettier-ignore
    };

  test.each(['204 No Content', '304 Not Modified'])('%s', async (status) => {
    await using server = await serve(answering(status));
    const answer = await server.exchange(last('/'));
    expect(answer).not.toMatch(/transfer-encoding|content-length|body/i);
  });

  test('HEAD, and 103 before it', async () => {
    await using server = await serve(answering('200 OK'));
    const answer = await server.exchange(request('HEAD', '/', ['Connection: close']));
    expect(statusesOf(answer)).toEqual([103, 200]);
    expect(answer).not.toContain('body');
  });

  test('no transfer coding towards HTTP/1.0', async () => {
    await using server = await serve(answering('200 OK'));
    expect(await server.exchange('GET / HTTP/1.0\r\n\r\n')).not.toMatch(/transfer-encoding/i);
  });
});

describe('54: hop-by-hop fields', () => {
  test('are the server’s alone', async () => {
    await using server = await serve((_environ, start) => {
      start('200 OK', [['Transfer-Encoding', 'chunked']]);
      return ['x'];
    });
    expect(statusesOf(await server.exchange(last('/')))).toEqual([500]);
  });
});

describe('55: slow requests', () => {
  test('a slow head: 408 and close', async () => {
    await using server = await serve(echoPath, { headTimeoutMs: 1000 });
    const client = await server.connect();
    client.send('GET');
    await until(() => server.worker.stats().connections === 1);
    await new Promise((resolve) => setTimeout(resolve, 20));
    server.clock.advance(1500);
    await client.closed;
    expect(statusesOf(client.received)).toEqual([408]);
  });

  test('a slow body: a minimum rate, then 408', async () => {
    await using server = await serve(echoBody, { bodyGraceMs: 1000, bodyMinRateBytes: 100 });
    const client = await server.connect();
    client.send('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 900\r\n\r\n');
    await until(() => server.worker.stats().active === 1);
    for (let second = 0; second < 3; second++) {
      client.send('x'.repeat(100));
      await new Promise((resolve) => setTimeout(resolve, 20));
      server.clock.advance(1000);
    }
    expect(client.received).toBe('');
    server.clock.advance(1500);
    await client.closed;
    expect(statusesOf(client.received)).toEqual([408]);
  });
});

describe('56: PROXY protocol', () => {
  const header = 'PROXY TCP4 192.0.2.7 192.0.2.1 5678 80\r\n';
  const app: Application = (environ, start) => {
    start('200 OK', []);
    return [environ.REMOTE_ADDR ?? ''];
  };

  test('is read from listed peers', async () => {
    await using server = await serve(app, { proxyProtocol: 'v1', proxyAllowIps: ['127.0.0.0/8'] });
    expect(bodyOf(await server.exchange(header + last('/')))).toBe('192.0.2.7');
  });

  test.each([
    ['malformed', 'PROXY TCP4 x\r\n', ['127.0.0.1']],
    ['from a peer that is not listed', header, ['192.0.2.99']],
  ])('%s: closes', async (_name, start, proxyAllowIps) => {
    await using server = await serve(app, { proxyProtocol: 'v1', proxyAllowIps });
    expect(await server.exchange(start + last('/'))).toBe('');
  });
});

describe('57: ranges', () => {
  test('are the application’s: thousands of them are a field that is too large, and nothing is expanded', async () => {
    await using server = await serve(echoPath);
    const ranges = Array.from({ length: 5000 }, (_, i) => `${i}-`).join(',');
    expect(statusesOf(await server.exchange(last('/', `Range: bytes=${ranges}`)))).toEqual([431]);
    const some = Array.from({ length: 1000 }, (_, i) => `${i}-`).join(',');
    expect(statusesOf(await server.exchange(last('/', `Range: bytes=${some}`)))).toEqual([200]);
  });
});

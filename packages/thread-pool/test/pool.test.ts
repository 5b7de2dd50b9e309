import type { Application } from '@highball/gateway-protocol';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { threadPool } from '../src/index.ts';
import {
  bodyOf,
  execArgv,
  fixture,
  last,
  listen,
  notesWith,
  request,
  serve,
  shutGate,
  statusOf,
  TestLog,
  type TestServer,
  until,
} from './support.ts';

/** For tests that leave a server as they found it; a thread takes a moment to come up. */
let server: TestServer;
beforeAll(async () => void (server = await serve()));
afterAll(() => server[Symbol.asyncDispose]());

describe('a response', () => {
  test('comes from a thread, and a small one has the length of its body', async () => {
    const answer = await server.get('/');
    expect(statusOf(answer)).toBe(200);
    expect(answer).toContain('Content-Length: 19\r\n');
    expect(bodyOf(answer)).toBe('Hello from a thread');
    expect(Number(bodyOf(await server.get('/thread')))).toBeGreaterThan(0);
  });

  test('that is a large array has the length of its body, too', async () => {
    const answer = await server.get('/array?pieces=10');
    expect(answer).toContain('Content-Length: 655360\r\n');
    expect(bodyOf(answer)).toBe('x'.repeat(655_360));
  });

  test('that is made piece by piece is chunked', async () => {
    const answer = await server.get('/download?pieces=2');
    expect(answer).toContain('Transfer-Encoding: chunked\r\n');
    expect(answer).toContain('0\r\n\r\n');
    expect(answer.match(/x/g)?.length).toBe(131_072);
    expect(bodyOf(await server.get('/notes'))).toBe('["download closed"]');
  });

  test('to HEAD has no body, and the application is told to stop making one', async () => {
    const answer = await server.exchange(request('HEAD', '/endless', ['Connection: close']));
    expect(answer).toMatch(/^HTTP\/1\.1 200 [^]*\r\n\r\n$/);
    expect(await notesWith(server, 'closed', 'returned')).toEqual(['closed', 'returned']);
  });

  test('takes what is written before what is returned', async () => {
    const answer = await server.get('/write');
    expect(answer.match(/one |two |three/g)).toEqual(['one ', 'two ', 'three']);
  });

  test('may be replaced by an error page before its head is sent', async () => {
    const answer = await server.get('/replace');
    expect(statusOf(answer)).toBe(418);
    expect(bodyOf(answer)).toBe('short and stout');
  });

  test('has its early hints before it and its trailers behind it', async () => {
    expect(await server.get('/hints')).toMatch(
      /^HTTP\/1\.1 103 [^]*Link: <\/a\.css>[^]*HTTP\/1\.1 200 [^]*hinted$/,
    );
    const body = '4\r\nbody\r\n0\r\nX-Sum: 9\r\n\r\n';
    const lines = ['Transfer-Encoding: chunked', 'TE: trailers', 'Connection: close'];
    const answer = await server.exchange(request('POST', '/trailers', lines) + body);
    expect(answer).toContain('[["X-Sum","9"]]');
    expect(answer).toMatch(/0\r\nX-Early: 1\r\nX-Late: 2\r\n\r\n$/);
  });
});

describe('the environ of a thread', () => {
  test("has what is the request's, and callables for what the server can do", async () => {
    const environ = JSON.parse(bodyOf(await server.get('/environ?a=b', 'X-One: 1'))) as Record<
      string,
      unknown
    >;
    expect(environ).toMatchObject({
      REQUEST_METHOD: 'GET',
      QUERY_STRING: 'a=b',
      HTTP_X_ONE: '1',
      'wsgi.version': [1, 0],
      'wsgi.multithread': true,
      'wsgi.run_once': false,
    });
    expect(environ['callables']).toEqual(
      expect.arrayContaining(['wsgi.early_hints', 'highball.send_trailers', 'highball.signal']),
    );
  });

  test('offers no upgrade: a connection cannot go to another thread', async () => {
    const upgrade = ['Connection: close, upgrade', 'Upgrade: websocket'];
    const answer = await server.exchange(request('GET', '/environ', upgrade));
    expect(bodyOf(answer)).not.toContain('highball.upgrade');
  });

  test('has what middleware added, as far as it can be cloned', async () => {
    const log = new TestLog();
    const pool = threadPool({ thread: { module: fixture('app.ts') }, threads: 1, execArgv, log });
    await pool.start();
    const app: Application = (environ, start) => {
      Object.assign(environ, {
        'my.list': [1, { two: 2 }],
        'my.promise': Promise.resolve(),
        'my.call': () => 1,
      });
      return pool(environ, start);
    };
    await using front = await listen(app, log);
    const environ = JSON.parse(bodyOf(await front.get('/environ'))) as Record<string, unknown>;
    expect(environ['my.list']).toEqual([1, { two: 2 }]);
    expect(environ).not.toHaveProperty('my.promise');
    expect(log.entries.map(({ message }) => message)).toContainEqual(expect.stringContaining('my.promise'));
    await pool.close();
  });

  test("has the server's log", async () => {
    expect(statusOf(await server.get('/errors'))).toBe(200);
    await until(() => server.log.entries.some(({ message }) => message === 'a line for the log'));
    expect(statusOf(await server.get('/errors-late'))).toBe(200);
    await until(() => server.log.entries.some(({ message }) => message === 'behind the end'));
  });
});

describe('the body of a request', () => {
  test.each([
    ['with Content-Length', request('POST', '/echo', ['Connection: close'], 'hello, thread')],
    [
      'in chunks',
      `${request('POST', '/echo', ['Transfer-Encoding: chunked', 'Connection: close'])}5\r\nhello\r\n8\r\n, thread\r\n0\r\n\r\n`,
    ],
  ])('is read %s', async (_kind, text) => {
    expect(bodyOf(await server.exchange(text))).toBe('hello, thread');
  });

  test('is read by lines', async () => {
    const answer = await server.exchange(request('POST', '/lines', ['Connection: close'], 'one\ntwo\n\nend'));
    expect(bodyOf(answer)).toBe('one\n|two\n|\n|end');
  });

  test('is asked for by 100 Continue when the application first reads, and not by one that does not', async () => {
    const client = await server.connect();
    const lines = ['Expect: 100-continue', 'Content-Length: 5', 'Connection: close'];
    client.send(request('POST', '/echo', lines));
    await client.until('100 Continue\r\n\r\n');
    client.send('hello');
    await client.until(/200 OK[^]*hello$/);
    const answer = await server.exchange(request('POST', '/stall', lines));
    expect(answer).toMatch(/^HTTP\/1\.1 200 [^]*read nothing$/);
  });

  test('streams while the response does', async () => {
    const client = await server.connect();
    client.send(request('POST', '/mirror', ['Transfer-Encoding: chunked']));
    client.send('4\r\nping\r\n');
    await client.until('ping');
    client.send('4\r\npong\r\n0\r\n\r\n');
    await client.until(/pong\r\n0\r\n\r\n$/);
  });

  test('that is read behind the end of the response is not waited for', async () => {
    const client = await server.connect();
    client.send(request('POST', '/read-late', ['Content-Length: 10']));
    await client.until('too early');
    expect(await notesWith(server, 'failed: RESPONSE_OVER')).toEqual(['failed: RESPONSE_OVER']);
  });

  test('that nobody reads does not hold up the next request of its connection', async () => {
    const client = await server.connect();
    client.send(request('POST', '/', [], 'unread') + last('/thread'));
    await client.closed;
    expect(client.received.match(/HTTP\/1\.1 200/g)).toHaveLength(2);
  });
});

describe('a client that leaves', () => {
  test('ends the body, which is closed', async () => {
    await using server = await serve();
    const client = await server.connect();
    client.send(request('GET', '/endless'));
    await client.until('tick');
    client.destroy();
    await until(() => server.pool.stats().active === 0);
    expect(await notesWith(server, 'closed', 'returned')).toEqual(['closed', 'returned']);
  });

  test('ends a body that has no close()', async () => {
    await using server = await serve();
    const client = await server.connect();
    client.send(request('GET', '/endless-bare'));
    await client.until('tick');
    client.destroy();
    await until(() => server.pool.stats().active === 0);
    expect(statusOf(await server.get('/'))).toBe(200);
  });

  test('aborts the signal that the application asked for', async () => {
    await using server = await serve({ concurrency: 2 });
    const client = await server.connect();
    client.send(request('GET', '/never'));
    await until(() => server.pool.stats().active === 1);
    await server.get('/');
    client.destroy();
    expect(await notesWith(server, 'aborted')).toEqual(['aborted']);
  });

  test('gives its place free, though the application never comes to an end', async () => {
    await using server = await serve({ timeoutMs: 2000 });
    const client = await server.connect();
    client.send(request('GET', '/deaf'));
    await until(() => server.pool.stats().active === 1);
    const next = server.get('/');
    client.destroy();
    expect(statusOf(await next)).toBe(200);
    expect(server.pool.stats().threads[0]?.replaced).toBe(0);
  });

  test('gives its place in the line free', async () => {
    await using gate = await shutGate();
    await using server = await serve();
    const first = server.get(`/wait?gate=${gate.path}`);
    await until(() => server.pool.stats().active === 1);
    const client = await server.connect();
    client.send(request('GET', '/wait?ms=10000'));
    await until(() => server.pool.stats().queued === 1);
    client.destroy();
    await until(() => server.pool.stats().queued === 0);
    gate.open();
    expect(statusOf(await first)).toBe(200);
    expect(server.pool.stats()).toMatchObject({ queued: 0, active: 0 });
  });
});

test('a server that drains lets the threads know', async () => {
  await using server = await serve();
  const client = await server.connect();
  client.send(request('GET', '/drain'));
  await client.until('until the drain');
  const drained = server.worker.drain();
  await client.until(/which has begun\r\n0\r\n\r\n$/);
  await drained;
});

describe('requests at a time', () => {
  test('are one a thread; the others wait in a line of limited length', async () => {
    await using gate = await shutGate();
    await using server = await serve({ threads: 2, maxQueue: 1, retryAfterSeconds: 7 });
    const answers = ['a', 'b', 'c', 'd'].map((name) => server.get(`/wait?gate=${gate.path}&${name}`));
    await Promise.race(answers);
    expect(server.pool.stats()).toMatchObject({ active: 2, queued: 1 });
    gate.open();
    const texts = await Promise.all(answers);
    expect(texts.map(statusOf).toSorted()).toEqual([200, 200, 200, 503]);
    const refused = texts.find((text) => statusOf(text) === 503);
    expect(refused).toContain('Retry-After: 7\r\n');
    expect(texts.join('')).not.toContain('2 at most');
  });

  test('are more in a thread where the application mostly waits', async () => {
    await using server = await serve({ concurrency: 3 });
    const texts = await Promise.all(['a', 'b', 'c'].map((name) => server.get(`/wait?together=3&${name}`)));
    expect(texts.map(bodyOf)).toContain('waited, 3 at most');
  });

  test('wait no longer than they may', async () => {
    await using gate = await shutGate();
    await using server = await serve({ queueTimeoutMs: 50 });
    const first = server.get(`/wait?gate=${gate.path}`);
    await until(() => server.pool.stats().active === 1);
    expect(statusOf(await server.get('/'))).toBe(503);
    gate.open();
    expect(statusOf(await first)).toBe(200);
  });

  test('that compute leave the loop of the sockets alone', async () => {
    await using gate = await shutGate();
    await using server = await serve({ threads: 2 });
    const busy = server.get(`/block?gate=${gate.path}`);
    await until(() => server.pool.stats().active === 1);
    expect(statusOf(await server.get('/'))).toBe(200);
    gate.open();
    expect(statusOf(await busy)).toBe(200);
  });
});

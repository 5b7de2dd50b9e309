import type { Application } from '@highball/gateway-protocol';
import { describe, expect, test } from 'vitest';
import {
  bodyOf,
  deferred,
  echoBody,
  echoPath,
  get,
  last,
  request,
  serve,
  statusesOf,
  until,
} from './support.ts';

describe('keep-alive', () => {
  test('a connection carries one request after the other', async () => {
    await using server = await serve(echoPath);
    const client = await server.connect();
    client.send(get('/one'));
    await client.until('/one');
    client.send(last('/two'));
    await client.closed;
    expect(statusesOf(client.received)).toEqual([200, 200]);
    expect(client.received.endsWith('/two')).toBe(true);
  });

  test('Connection: close of the client closes, and says so', async () => {
    await using server = await serve(echoPath);
    expect(await server.exchange(last('/'))).toContain('\r\nConnection: close\r\n');
  });

  test('Connection: close of the application closes, and is sent once', async () => {
    await using server = await serve((_environ, start) => {
      start('200 OK', [['Connection', 'close']]);
      return ['bye'];
    });
    const answer = await server.exchange(get('/'));
    expect(answer.match(/Connection: close/g)).toHaveLength(1);
  });

  test('keepAliveTimeoutMs 0 closes after every response', async () => {
    await using server = await serve(echoPath, { keepAliveTimeoutMs: 0 });
    expect(await server.exchange(get('/'))).toContain('\r\nConnection: close\r\n');
  });
});

describe('pipelining', () => {
  test('answers come in the order of the requests, whatever takes longer', async () => {
    const slow = deferred();
    const app: Application = async (environ, start) => {
      if (environ.PATH_INFO === '/slow') await slow.promise;
      start('200 OK', []);
      return [environ.PATH_INFO];
    };
    await using server = await serve(app);
    const client = await server.connect();
    client.send(get('/slow') + get('/fast') + last('/last'));
    await until(() => server.worker.stats().active === 1);
    expect(client.received).toBe('');
    slow.resolve();
    await client.closed;
    expect(client.received.match(/\/slow|\/fast|\/last/g)).toEqual(['/slow', '/fast', '/last']);
  });

  test('a request is given to the application only when the one before is answered', async () => {
    let running = 0;
    let most = 0;
    await using server = await serve(async (_environ, start) => {
      most = Math.max(most, ++running);
      await new Promise((resolve) => setImmediate(resolve));
      running--;
      start('200 OK', []);
      return ['x'];
    });
    await server.exchange(get('/').repeat(20) + last('/'));
    expect(most).toBe(1);
    expect(server.worker.stats().requests).toBe(21);
  });

  test('the answers of a synchronous application to one read leave in one write', async () => {
    await using server = await serve(echoPath);
    const client = await server.connect();
    const pieces: number[] = [];
    client.socket.on('data', (piece: Buffer) => pieces.push(piece.length));
    client.send(get('/').repeat(50) + last('/'));
    await client.closed;
    expect(statusesOf(client.received)).toHaveLength(51);
    expect(pieces).toHaveLength(1);
  });

  test('after a malformed request nothing more is answered', async () => {
    await using server = await serve(echoPath);
    const answer = await server.exchange(`${get('/one')}GET / HTTP/1.1\r\nHost : x\r\n\r\n${get('/two')}`);
    expect(statusesOf(answer)).toEqual([200, 400]);
    expect(server.worker.stats().requests).toBe(1);
  });

  test('bytes after the last request are ignored', async () => {
    await using server = await serve(echoPath);
    const answer = await server.exchange(`${last('/one')}${get('/two')}`);
    expect(statusesOf(answer)).toEqual([200]);
    expect(server.worker.stats().requests).toBe(1);
  });

  test('pipelined requests wait in the kernel while one is being answered', async () => {
    const slow = deferred();
    await using server = await serve(async (_environ, start) => {
      await slow.promise;
      start('200 OK', []);
      return ['x'];
    });
    const client = await server.connect();
    const flood = get(`/${'x'.repeat(1000)}`).repeat(20_000);
    client.send(get('/'));
    client.send(flood);
    await until(() => client.socket.writableLength > 0);
    await new Promise((resolve) => setTimeout(resolve, 100));
    // What the two kernels hold is theirs; most of the 20 MB must still be with the client.
    expect(client.socket.writableLength).toBeGreaterThan(flood.length / 2);
    slow.resolve();
  });

  test('a client that takes no answers is given no more of them', async () => {
    let answered = 0;
    const body = Buffer.alloc(262_144);
    await using server = await serve((_environ, start) => {
      answered++;
      start('200 OK', []);
      return [body];
    });
    const client = await server.connect();
    client.socket.pause();
    client.send(get('/').repeat(500));
    await until(() => answered > 0);
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(answered).toBeLessThan(60);
    client.socket.resume();
    await until(() => answered === 500, 10_000);
  });
});

describe('malformed requests', () => {
  test.each([
    ['a bad request', 'nonsense\r\n\r\n', 400],
    ['a method that nobody has', 'BREW / HTTP/1.1\r\nHost: x\r\n\r\n', 501],
    ['a version that is not ours', 'GET / HTTP/2.0\r\nHost: x\r\n\r\n', 505],
    ['a target that is too long', `GET /${'x'.repeat(9000)} HTTP/1.1\r\nHost: x\r\n\r\n`, 414],
    ['a field that is too large', `GET / HTTP/1.1\r\nHost: x\r\nA: ${'x'.repeat(9000)}\r\n\r\n`, 431],
    ['an expectation that nobody meets', 'GET / HTTP/1.1\r\nHost: x\r\nExpect: tea\r\n\r\n', 417],
    ['a path that cannot be decoded', 'GET /%zz HTTP/1.1\r\nHost: x\r\n\r\n', 400],
  ])('%s is answered, and the connection closes', async (_name, text, status) => {
    await using server = await serve(echoPath);
    const answer = await server.exchange(text);
    expect(statusesOf(answer)).toEqual([status]);
    expect(answer).toMatch(/\r\nConnection: close\r\n/);
    expect(answer).toMatch(/\r\nDate: .* GMT\r\n/);
    expect(bodyOf(answer)).toMatch(new RegExp(`^${status} `));
    expect(server.records).toEqual([]);
  });

  test('a path outside the root path is 404', async () => {
    await using server = await serve(echoPath, { environ: { rootPath: '/app' } });
    expect(statusesOf(await server.exchange(get('/other')))).toEqual([404]);
  });

  test('a body that breaks its framing ends the request of an application that reads it', async () => {
    await using server = await serve(echoBody);
    const text = request('POST', '/', ['Transfer-Encoding: chunked']);
    expect(statusesOf(await server.exchange(`${text}3\r\nabc\r\nzz\r\n`))).toEqual([400]);
    expect(server.log.codes('debug')).toEqual(['BAD_CHUNK_SIZE', 'REQUEST_MALFORMED']);
    expect(server.log.entries.filter(({ level }) => level === 'error')).toEqual([]);
  });

  test('a body that breaks its framing after the answer gets no second answer', async () => {
    await using server = await serve(echoPath);
    const client = await server.connect();
    client.send(request('POST', '/', ['Transfer-Encoding: chunked']));
    await client.until('\r\n\r\n/');
    const errors: Error[] = [];
    client.socket.on('error', (error) => errors.push(error));
    client.send(Buffer.concat([Buffer.from('zz\r\n'), Buffer.alloc(300_000)]));
    await client.closed;
    client.send(Buffer.alloc(300_000));
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(statusesOf(client.received)).toEqual([200]);
    // Nor is the connection reset, by which the answer might be lost.
    expect(errors).toEqual([]);
  });

  test('a body over the limit is 413, by its length or by its bytes', async () => {
    await using server = await serve(echoBody, { maxBodyBytes: 5 });
    expect(statusesOf(await server.exchange(request('POST', '/', [], '123456')))).toEqual([413]);
    const chunked = request('POST', '/', ['Transfer-Encoding: chunked']);
    expect(statusesOf(await server.exchange(`${chunked}6\r\n123456\r\n0\r\n\r\n`))).toEqual([413]);
  });
});

describe('a body that the application did not read', () => {
  test('is thrown away up to drainBodyBytes, and the connection goes on', async () => {
    await using server = await serve(echoPath, { drainBodyBytes: 1000 });
    const answer = await server.exchange(request('POST', '/one', [], 'x'.repeat(1000)) + last('/two'));
    expect(statusesOf(answer)).toEqual([200, 200]);
  });

  test('closes the connection when its length is beyond that', async () => {
    await using server = await serve(echoPath, { drainBodyBytes: 1000 });
    const client = await server.connect();
    client.send('POST /one HTTP/1.1\r\nHost: x\r\nContent-Length: 1001\r\n\r\n');
    await client.closed;
    expect(client.received).toContain('\r\nConnection: close\r\n');
    expect(client.received.endsWith('/one')).toBe(true);
  });

  test('closes the connection when its chunks pass that', async () => {
    await using server = await serve(echoPath, { drainBodyBytes: 1000 });
    const client = await server.connect();
    client.send(request('POST', '/one', ['Transfer-Encoding: chunked']));
    await client.until('/one');
    client.send(`${`3e8\r\n${'x'.repeat(1000)}\r\n`.repeat(2)}0\r\n\r\n${get('/two')}`);
    await client.closed;
    expect(statusesOf(client.received)).toEqual([200]);
  });
});

describe('a client that has half closed', () => {
  test('gets the answers to all it sent', async () => {
    const slow = deferred();
    await using server = await serve(async (environ, start) => {
      await slow.promise;
      start('200 OK', []);
      return [environ.PATH_INFO];
    });
    const client = await server.connect();
    client.send(get('/one') + get('/two'));
    client.end();
    await until(() => server.worker.stats().active === 1);
    await new Promise((resolve) => setTimeout(resolve, 20));
    slow.resolve();
    await client.closed;
    expect(client.received.match(/\/one|\/two/g)).toEqual(['/one', '/two']);
  });

  test('in the middle of a pipelined head is answered 400, behind the answers before', async () => {
    const slow = deferred();
    await using server = await serve(async (environ, start) => {
      await slow.promise;
      start('200 OK', []);
      return [environ.PATH_INFO];
    });
    const client = await server.connect();
    client.send(`${get('/one')}GET /two HT`);
    await until(() => server.worker.stats().active === 1);
    client.end();
    await new Promise((resolve) => setTimeout(resolve, 20));
    slow.resolve();
    await client.closed;
    expect(statusesOf(client.received)).toEqual([200, 400]);
  });

  test('in the middle of a body gives a reader that comes later what there is, and then an error', async () => {
    const slow = deferred();
    const read: number[] = [];
    let failure: unknown;
    await using server = await serve(async (environ) => {
      await slow.promise;
      try {
        for await (const piece of environ['wsgi.input']) read.push(piece.length);
      } catch (error) {
        failure = error;
        throw error;
      }
      return [];
    });
    const client = await server.connect();
    client.send('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n');
    client.send(Buffer.alloc(400_000));
    await until(() => server.worker.stats().active === 1);
    client.end();
    await new Promise((resolve) => setTimeout(resolve, 20));
    slow.resolve();
    await until(() => failure !== undefined);
    expect(read.reduce((sum, length) => sum + length, 0)).toBe(400_000);
    expect(failure).toMatchObject({ code: 'CLIENT_GONE' });
  });

  test('in the middle of a head is answered 400', async () => {
    await using server = await serve(echoPath);
    const client = await server.connect();
    client.send('GET / HTTP/1.1\r\nHo');
    client.end();
    await client.closed;
    expect(statusesOf(client.received)).toEqual([400]);
  });

  test('without having said anything is closed without a word', async () => {
    await using server = await serve(echoPath);
    const client = await server.connect();
    client.end();
    await client.closed;
    expect(client.received).toBe('');
  });
});

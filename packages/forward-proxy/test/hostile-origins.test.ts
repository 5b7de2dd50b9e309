import { createWorker } from '@highball/async-worker';
import { exchange, RawClient } from '@highball/testkit';
import { describe, expect, test } from 'vitest';
import { forwardProxy } from '../src/index.ts';
import { get, ok, startOrigin, startProxy } from './support.ts';

describe('hostile answers', () => {
  /** What a client gets of it. */
  async function through(answer: string, method = 'GET'): Promise<{ answer: string; errors: string[] }> {
    await using origin = await startOrigin((socket, received) => {
      if (received.endsWith('\r\n\r\n')) socket.end(Buffer.from(answer, 'latin1'));
    });
    await using proxy = await startProxy();
    const text = await exchange(proxy.port, get(`http://127.0.0.1:${origin.port}/`, '', method));
    return { answer: text, errors: proxy.errors };
  }

  test('early hints keep what is for this hop, and their lengths, to themselves', async () => {
    const { answer, errors } = await through(
      'HTTP/1.1 103 Early Hints\r\nLink: <a>\r\nContent-Length: 3\r\nConnection: X-Hop\r\nX-Hop: 1\r\n' +
        `Proxy-Authenticate: Basic\r\nVia: 1.1 x\r\n\r\n${ok('')}`,
    );
    expect(answer).toMatch(/^HTTP\/1\.1 103 Early Hints\r\nLink: <a>\r\n\r\nHTTP\/1\.1 200 OK\r\n/);
    expect(errors).toEqual([]);
  });

  test('a flood of early hints is cut off', async () => {
    const { answer } = await through('HTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\n'.repeat(1000) + ok(''));
    expect(answer.split('103 Early Hints').length).toBeLessThan(40);
    expect(answer).toContain('HTTP/1.1 502 ');
  });

  test.each([
    ['200', 'HTTP/1.1 200 OK'],
    ['200 ', 'HTTP/1.1 200 OK'],
    ['299', 'HTTP/1.1 299 Unknown'],
  ])('a status line without a reason gets one: %j', async (status, line) => {
    const { answer, errors } = await through(
      `HTTP/1.1 ${status}\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nhi`,
    );
    expect(answer).toMatch(new RegExp(`^${line}\r\n[^]*hi$`));
    expect(errors).toEqual([]);
  });

  test.each([
    ['204', 'GET', 'HTTP/1.1 204 No Content\r\nContent-Length: 4\r\n\r\nevil'],
    ['304', 'GET', 'HTTP/1.1 304 Not Modified\r\nContent-Length: 4\r\n\r\nevil'],
    ['HEAD', 'HEAD', 'HTTP/1.1 200 OK\r\nContent-Type: a/b\r\nContent-Length: 4\r\n\r\nevil'],
    ['a second answer', 'GET', `${ok('')}HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil`],
  ])('bytes behind an answer that has no body are nobody’s: %s', async (_, method, text) => {
    const { answer, errors } = await through(text, method);
    expect(answer).toMatch(/\r\n\r\n$/);
    expect(answer).not.toContain('evil');
    expect(errors).toEqual([]);
  });

  test('trailers that Connection names stay behind', async () => {
    const { answer } = await through(
      'HTTP/1.1 200 OK\r\nContent-Type: a/b\r\nConnection: X-Hop\r\nTransfer-Encoding: chunked\r\n\r\n' +
        '2\r\nhi\r\n0\r\nX-Hop: 1\r\nVia: 1.1 x\r\nX-T: 1\r\n\r\n',
    );
    expect(answer).toMatch(/\r\n0\r\nX-T: 1\r\n\r\n$/);
  });

  test.each([
    ['breaks its framing', 'Transfer-Encoding: chunked\r\n\r\n@\r\nevil'],
    [
      'has a trailer that may be none',
      'Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nSet-Cookie: a\r\n\r\n',
    ],
  ])('an answer that %s in one read with its head: 502, and so it is recorded', async (_, rest) => {
    await using origin = await startOrigin((socket, received) => {
      if (received.endsWith('\r\n\r\n')) socket.write(`HTTP/1.1 200 OK\r\nContent-Type: a/b\r\n${rest}`);
    });
    await using proxy = await startProxy();
    const answer = await exchange(proxy.port, get(`http://127.0.0.1:${origin.port}/`));
    expect(answer).toMatch(/^HTTP\/1\.1 502 /);
    expect(proxy.records).toMatchObject([{ status: 502, error: 'BAD_RESPONSE' }]);
  });

  test('a head comes at once, and is cut off where nothing follows', async () => {
    await using origin = await startOrigin((socket, received) => {
      if (!received.endsWith('\r\n\r\n')) return;
      socket.write(
        'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n',
      );
    });
    await using proxy = await startProxy();
    const client = await RawClient.connect(proxy.port);
    client.send(get(`http://127.0.0.1:${origin.port}/`));
    await client.until('text/event-stream');
    origin.sockets[0]?.destroy();
    await client.closed;
    client.destroy();
    expect(client.received).toMatch(/^HTTP\/1\.1 200 OK\r\n[^]*\r\n\r\n$/);
    await proxy.recorded(1);
    expect(proxy.records).toMatchObject([{ status: 200, error: 'RESET' }]);
  });

  test('what cannot be passed on for whatever reason ends its request, and not the process', async () => {
    await using origin = await startOrigin((socket, received) => {
      if (received.endsWith('\r\n\r\n')) socket.end(`HTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\n${ok('')}`);
    });
    const app = forwardProxy({ users: 'anyone', allow: ['127.0.0.0/8:*'] });
    const worker = createWorker((environ, startResponse) => {
      environ['wsgi.early_hints'] = () => {
        throw new Error('a tier in front that is broken');
      };
      return app(environ, startResponse);
    });
    const { port } = (await worker.listen({ port: 0, host: '127.0.0.1' })) as { port: number };
    expect(await exchange(port, get(`http://127.0.0.1:${origin.port}/`))).toMatch(/^HTTP\/1\.1 502 /);
    await worker.close();
  });
});

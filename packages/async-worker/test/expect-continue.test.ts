import { describe, expect, test } from 'vitest';
import { deferred, echoBody, last, serve, statusesOf, until } from './support.ts';

describe('100 Continue', () => {
  const expecting = 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n';

  test('is sent when the application first reads, and only then', async () => {
    const go = deferred();
    await using server = await serve(async (environ, start) => {
      await go.promise;
      const body = await environ['wsgi.input'].read();
      start('200 OK', []);
      return [body];
    });
    const client = await server.connect();
    client.send(expecting);
    await until(() => server.worker.stats().active === 1);
    expect(client.received).toBe('');
    go.resolve();
    await client.until('HTTP/1.1 100 Continue\r\n\r\n');
    client.send('abc');
    await client.until('\r\n\r\nabc');
    expect(statusesOf(client.received)).toEqual([100, 200]);
  });

  test('is not sent when the application answers without reading; the connection closes', async () => {
    await using server = await serve((_environ, start) => {
      start('413 Content Too Large', []);
      return ['no'];
    });
    const client = await server.connect();
    client.send(expecting);
    await client.closed;
    expect(statusesOf(client.received)).toEqual([413]);
    expect(client.received).toContain('\r\nConnection: close\r\n');
  });

  test('is not sent to a client that has sent its body already', async () => {
    await using server = await serve(async (environ, start) => {
      await new Promise((resolve) => setImmediate(resolve));
      const body = await environ['wsgi.input'].read();
      start('200 OK', []);
      return [body];
    });
    const client = await server.connect();
    client.send(`${expecting}abc${last('/')}`);
    await client.closed;
    expect(statusesOf(client.received)).toEqual([200, 200]);
  });

  test('is not sent to a client that has sent a part of its body already', async () => {
    await using server = await serve(echoBody);
    const client = await server.connect();
    client.send(`${expecting}ab`);
    await new Promise((resolve) => setTimeout(resolve, 20));
    client.send(`c${last('/')}`);
    await client.closed;
    expect(statusesOf(client.received)).toEqual([200, 200]);
  });

  test('is not sent to HTTP/1.0', async () => {
    await using server = await serve(async (environ, start) => {
      const body = await environ['wsgi.input'].read();
      start('200 OK', []);
      return [body];
    });
    const client = await server.connect();
    client.send(expecting.replace('1.1', '1.0'));
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(client.received).toBe('');
    client.send('abc');
    await client.closed;
    expect(statusesOf(client.received)).toEqual([200]);
  });
});

import { exchange, RawClient } from '@highball/testkit';
import { describe, expect, test } from 'vitest';
import { echo, headEnd, startProxy, startUpstream } from './support.ts';

describe('CONNECT', () => {
  const connect = 'CONNECT db.internal:5432 HTTP/1.1\r\nHost: db.internal:5432\r\n\r\n';

  test('is refused', async () => {
    await using upstream = await echo('x');
    await using proxy = await startProxy([upstream.url], { allowConnect: ['db.internal:443'] });
    expect(await exchange(proxy.port, connect)).toMatch(
      /^HTTP\/1\.1 405 Method Not Allowed\r\n[^]*Allow: GET/,
    );
    expect(upstream.received).toEqual([]);
  });

  test('is passed on where it is allowed, and becomes a tunnel', async () => {
    await using upstream = await startUpstream((socket, received) => {
      if (received.endsWith(headEnd)) socket.write('HTTP/1.1 200 OK\r\n\r\n');
      else if (received.endsWith('ping')) socket.write('pong');
    });
    await using proxy = await startProxy([upstream.url], { allowConnect: ['DB.internal:5432'] });
    const client = await RawClient.connect(proxy.port);
    client.send(connect);
    await client.until('200 Connection Established');
    client.send('ping');
    await client.until(/\r\n\r\npong$/);
    client.destroy();
  });
});

describe('a tunnel', () => {
  const upgrade = 'GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n';
  const switching = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n';

  test('half-closes: who sends no more is still answered', async () => {
    await using upstream = await startUpstream((socket, received) => {
      if (received.endsWith(headEnd)) {
        socket.write(switching);
        socket.allowHalfOpen = true;
        socket.once('end', () => socket.end('all of it'));
      }
    });
    await using proxy = await startProxy([upstream.url]);
    const client = await RawClient.connect(proxy.port);
    client.send(upgrade);
    await client.until('101 Switching');
    client.end();
    await client.until('all of it');
    await client.closed;
  });

  test('half-closes the other way, too', async () => {
    const heard = Promise.withResolvers<string>();
    await using upstream = await startUpstream((socket, received) => {
      if (received.endsWith(headEnd)) {
        socket.allowHalfOpen = true;
        socket.end(switching);
      } else if (received.endsWith('late')) heard.resolve(received);
    });
    await using proxy = await startProxy([upstream.url]);
    const client = await RawClient.connect(proxy.port);
    client.send(upgrade);
    await client.until('101 Switching');
    await client.closed;
    client.send('late');
    await heard.promise;
    client.destroy();
  });

  test('that is silent is closed', async () => {
    await using upstream = await startUpstream((socket) => socket.write(switching));
    await using proxy = await startProxy([upstream.url], { tunnelTimeoutMs: 50 });
    const client = await RawClient.connect(proxy.port);
    client.send(upgrade);
    await client.until('101 Switching');
    await client.closed;
    await expect.poll(() => upstream.sockets[0]?.destroyed).toBe(true);
  });

  test('whose upstream resets ends at once, and nothing breaks', async () => {
    await using upstream = await startUpstream((socket, received) => {
      if (received.endsWith(headEnd)) socket.write(switching);
      else socket.resetAndDestroy();
    });
    await using proxy = await startProxy([upstream.url]);
    const client = await RawClient.connect(proxy.port);
    client.send(upgrade);
    await client.until('101 Switching');
    client.send('ping');
    await new Promise((resolve) => client.socket.once('close', resolve));
    expect(proxy.errors).toEqual([]);
  });
});

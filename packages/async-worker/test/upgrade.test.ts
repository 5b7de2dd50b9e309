import type { Application, UpgradedConnection } from '@highball/gateway-protocol';
import { describe, expect, test } from 'vitest';
import { get, last, request, serve, statusesOf, until } from './support.ts';

describe('highball.upgrade', () => {
  const upgrading = get('/', 'Connection: Upgrade', 'Upgrade: echo');
  const echo: Application = (environ) => {
    const { socket, head } = (environ['highball.upgrade'] as () => UpgradedConnection)();
    socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n');
    socket.write(head);
    // Later on: nothing that comes in between may be lost.
    setTimeout(() => socket.on('data', (bytes: Buffer) => socket.write(bytes)), 20);
    socket.on('end', () => socket.end());
    return ['ignored'];
  };

  test('hands over the connection, and what the client has sent already', async () => {
    await using server = await serve(echo);
    const client = await server.connect();
    client.send(`${upgrading}early `);
    await client.until('early');
    client.send('later ');
    await client.until('later');
    client.send('on');
    await client.until('early later on');
    expect(client.received).not.toMatch(/ignored|200 OK/);
    expect(server.worker.stats()).toMatchObject({ connections: 1, active: 0 });
    client.end();
    await client.closed;
    await until(() => server.worker.stats().connections === 0);
  });

  test('hands over a connection of CONNECT', async () => {
    await using server = await serve(echo);
    const client = await server.connect();
    client.send('CONNECT example.org:443 HTTP/1.1\r\nHost: example.org:443\r\n\r\nhello');
    await client.until('hello');
  });

  test('is absent without an upgrade, in HTTP/1.0, without Connection: upgrade, and with a body to be read', async () => {
    const offers: boolean[] = [];
    await using server = await serve((environ, start) => {
      offers.push('highball.upgrade' in environ);
      start('200 OK', []);
      return [];
    });
    await server.exchange(
      upgrading +
        get('/') +
        get('/', 'Upgrade: echo') +
        request('POST', '/', ['Connection: upgrade', 'Upgrade: echo'], 'abc') +
        'GET / HTTP/1.0\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n',
    );
    expect(offers).toEqual([true, false, false, false, false]);
  });

  test('that is not used leaves an ordinary request, and the connection goes on', async () => {
    await using server = await serve((_environ, start) => {
      start('200 OK', []);
      return ['plain'];
    });
    const answer = await server.exchange(upgrading.repeat(500) + last('/'));
    expect(statusesOf(answer)).toHaveLength(501);
  });

  test('after a CONNECT that failed nothing is taken for a request', async () => {
    await using server = await serve((_environ, start) => {
      start('403 Forbidden', []);
      return [];
    });
    const answer = await server.exchange(`CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n${get('/smuggled')}`);
    expect(statusesOf(answer)).toEqual([403]);
    expect(server.worker.stats().requests).toBe(1);
  });

  test('throws when the response has begun', async () => {
    await using server = await serve((environ, start) => {
      void start('200 OK', [])('x');
      environ['highball.upgrade']?.();
      return [];
    });
    await server.exchange(upgrading);
    expect(server.log.codes()).toEqual(['UPGRADE_TOO_LATE']);
  });
});

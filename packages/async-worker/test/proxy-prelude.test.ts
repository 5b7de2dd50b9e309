import type { Application } from '@highball/gateway-protocol';
import { describe, expect, test } from 'vitest';
import { bodyOf, get, last, serve, until } from './support.ts';

const whoAmI: Application = (environ, start) => {
  start('200 OK', []);
  return [`${environ.REMOTE_ADDR}:${environ.REMOTE_PORT}`];
};
const trusting = { proxyAllowIps: ['127.0.0.1'] };
const v1 = 'PROXY TCP4 192.0.2.7 192.0.2.1 5678 80\r\n';
const v2 = Buffer.concat([
  Buffer.from('\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c', 'latin1'),
  Buffer.from([192, 0, 2, 8, 192, 0, 2, 1, 0x16, 0x2e, 0, 80]),
]).toString('latin1');

describe('proxyProtocol', () => {
  test.each([
    ['v1', v1, '192.0.2.7:5678'],
    ['v2', v2, '192.0.2.8:5678'],
    ['auto', v1, '192.0.2.7:5678'],
    ['auto', v2, '192.0.2.8:5678'],
    ['v1', 'PROXY UNKNOWN\r\n', '127.0.0.1:'],
  ] as const)('%s puts the client in the place of the proxy', async (proxyProtocol, header, client) => {
    await using server = await serve(whoAmI, { proxyProtocol, ...trusting });
    expect(bodyOf(await server.exchange(header + last('/')))).toContain(client);
  });

  test('takes a header byte by byte, and two requests behind it', async () => {
    await using server = await serve(whoAmI, { proxyProtocol: 'v1', ...trusting });
    const client = await server.connect();
    for (const byte of v1) {
      client.send(byte);
      await new Promise((resolve) => setImmediate(resolve));
    }
    client.send(get('/') + last('/'));
    await client.closed;
    expect(client.received.match(/192\.0\.2\.7:5678/g)).toHaveLength(2);
  });

  test.each([
    ['a request without a header', 'v1', get('/')],
    ['a malformed header', 'v1', 'PROXY TCP4 nonsense\r\n'],
    ['the other version', 'v2', v1],
    ['a header without an end', 'v1', `PROXY ${'x'.repeat(200)}`],
  ] as const)('%s closes the connection without a word', async (_name, proxyProtocol, text) => {
    await using server = await serve(whoAmI, { proxyProtocol, ...trusting });
    expect(await server.exchange(text)).toBe('');
    expect(server.worker.stats().requests).toBe(0);
    expect(server.log.errors('warn')).toHaveLength(1);
  });

  test('a header from a peer that is not listed closes the connection', async () => {
    await using server = await serve(whoAmI, { proxyProtocol: 'auto' });
    expect(await server.exchange(v1 + last('/'))).toBe('');
    expect(server.log.errors('warn')[0]).toContain('proxyAllowIps');
  });

  test('off, a header is a malformed request', async () => {
    await using server = await serve(whoAmI);
    expect(await server.exchange(v1 + last('/'))).toMatch(/^HTTP\/1\.1 400 /);
  });

  test('a header that does not come is waited for as long as a request', async () => {
    await using server = await serve(whoAmI, { proxyProtocol: 'v1', ...trusting });
    const client = await server.connect();
    client.send('PROXY ');
    await until(() => server.worker.stats().connections === 1);
    server.clock.advance(22_000);
    await client.closed;
    expect(client.received).toBe('');
  });

  test('a client that leaves inside the header leaves nothing behind', async () => {
    await using server = await serve(whoAmI, { proxyProtocol: 'v1', ...trusting });
    const client = await server.connect();
    client.send('PROXY ');
    client.end();
    await client.closed;
    await until(() => server.worker.stats().connections === 0);
  });
});

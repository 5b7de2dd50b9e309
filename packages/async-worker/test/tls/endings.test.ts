import type { Application } from '@highball/gateway-protocol';
import { once } from 'node:events';
import { connect as connectRaw } from 'node:net';
import { Duplex } from 'node:stream';
import { connect } from 'node:tls';
import { describe, expect, test } from 'vitest';
import { bodyOf, deferred, echoBody, echoPath, get, last, request, statusesOf, until } from '../support.ts';
import { people, serveTls, TlsClient } from './support.ts';

const certificates = people();
const trusting = (): { ca: string } => ({ ca: certificates.authority.cert });

/** Sends a part of its body, and breaks. */
const breaks =
  (headers: [string, string][]): Application =>
  (_environ, start) => {
    start('200 OK', headers);
    return (async function* () {
      yield 'the first part';
      await new Promise((resolve) => setTimeout(resolve, 20));
      throw new Error('broken on purpose');
    })();
  };

/** The types of the records that a server sends, in TLS 1.2 where they can be seen; and what was read. */
async function recordsOf(
  port: number,
  text: string,
): Promise<{ types: number[]; received: string; reset: boolean }> {
  const raw = connectRaw(port, '127.0.0.1');
  const wire: Buffer[] = [];
  let reset = false;
  const between = new Duplex({
    read: () => undefined,
    write: (bytes: Buffer, _encoding, done) => void raw.write(bytes, done),
  });
  raw.on('data', (bytes) => (wire.push(bytes), between.push(bytes)));
  raw.on('end', () => between.push(null)).on('error', () => (reset = true));
  const options = { socket: between, servername: 'localhost', maxVersion: 'TLSv1.2', ...trusting() } as const;
  const client = connect(options).on('error', () => undefined);
  let received = '';
  client.on('data', (bytes: Buffer) => (received += bytes.toString()));
  client.write(text);
  await once(raw, 'close');
  client.destroy();
  const bytes = Buffer.concat(wire);
  const types: number[] = [];
  for (let at = 0; at + 5 <= bytes.length; at += 5 + bytes.readUInt16BE(at + 3))
    types.push(bytes[at] as number);
  return { types, received, reset };
}

const ALERT = 21;

describe('an answer', () => {
  test('that is whole ends with close_notify', async () => {
    await using server = await serveTls(echoPath, certificates.server);
    const { types, received } = await recordsOf(server.port, last('/whole'));
    expect(bodyOf(received)).toBe('/whole');
    expect(types.at(-1)).toBe(ALERT);
  });

  test('that breaks ends without it', async () => {
    await using server = await serveTls(breaks([['Content-Length', '1000']]), certificates.server);
    const { types, received } = await recordsOf(server.port, get('/'));
    expect(bodyOf(received)).toBe('the first part');
    expect(types).not.toContain(ALERT);
  });

  test('that would end with the connection, and breaks, ends with a reset', async () => {
    await using server = await serveTls(breaks([]), certificates.server);
    const client = await TlsClient.connect(server.port, trusting());
    client.send('GET / HTTP/1.0\r\n\r\n');
    await once(client.socket, 'close').catch(() => undefined);
    expect(bodyOf(client.received)).toBe('the first part');
    expect(client.error).toMatchObject({ code: 'ECONNRESET' });
  });
});

describe('a client', () => {
  test('that sends no more still gets its answer', async () => {
    const asked = deferred();
    const answer = deferred();
    await using server = await serveTls(async (_environ, start) => {
      asked.resolve();
      await answer.promise;
      start('200 OK', []);
      return ['late'];
    }, certificates.server);
    const client = await TlsClient.connect(server.port, trusting());
    client.socket.end(get('/'));
    await asked.promise;
    await new Promise((resolve) => setTimeout(resolve, 50));
    answer.resolve();
    await client.closed;
    expect(client.received).toMatch(/late/);
    client.socket.destroy();
  });

  test('that leaves in the middle of its body has not sent it', async () => {
    await using server = await serveTls(echoBody, certificates.server);
    const raw = connectRaw(server.port, '127.0.0.1');
    const client = connect({ socket: raw, servername: 'localhost', ...trusting() });
    client.on('error', () => undefined);
    await once(client, 'secureConnect');
    client.write(`${request('POST', '/', ['Content-Length: 1000'])}half`);
    await until(() => server.worker.stats().active === 1);
    // Without close_notify: as whoever cuts the connection would have it.
    raw.end();
    await until(() => server.worker.stats().connections === 0);
    expect(server.records.map(({ complete }) => complete)).toEqual([false]);
    raw.destroy();
  });

  test('that takes nothing of its answer is cut off', async () => {
    await using server = await serveTls(
      (_environ, start) => {
        start('200 OK', []);
        return [Buffer.alloc(50_000_000)];
      },
      certificates.server,
      { writeTimeoutMs: 5000 },
    );
    const client = await TlsClient.connect(server.port, trusting());
    client.socket.pause();
    client.send(get('/'));
    await until(() => server.worker.stats().requests === 1);
    for (let i = 0; i < 4; i++) server.clock.advance(1000);
    expect(server.worker.stats().connections).toBe(1);
    for (let i = 0; i < 4; i++) server.clock.advance(1000);
    await until(() => server.worker.stats().connections === 0);
    client.socket.destroy();
  });

  test('that is slow to take it gets all of it', async () => {
    await using server = await serveTls((_environ, start) => {
      start('200 OK', [['Content-Length', '20000000']]);
      return [Buffer.alloc(20_000_000, 'x')];
    }, certificates.server);
    const client = await TlsClient.connect(server.port, trusting());
    client.socket.pause();
    client.send(last('/'));
    await new Promise((resolve) => setTimeout(resolve, 100));
    client.socket.resume();
    await client.closed;
    expect(bodyOf(client.received)).toHaveLength(20_000_000);
    client.socket.destroy();
  });
});

describe('a connection that the application takes over', () => {
  const echoes: Application = (environ) => {
    const { socket, head } = environ['highball.upgrade']?.() ?? {};
    socket?.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n');
    if (head) socket?.write(head);
    socket?.pipe(socket);
    return [];
  };

  test('is encrypted still, and ends with its worker', async () => {
    await using server = await serveTls(echoes, certificates.server);
    const client = await TlsClient.connect(server.port, trusting());
    client.send(`${get('/', 'Connection: Upgrade', 'Upgrade: echo')}early `);
    await until(() => client.received.endsWith('early '));
    client.send('late');
    await until(() => client.received.endsWith('early late'));
    expect(statusesOf(client.received)).toEqual([101]);
    expect(server.worker.stats().connections).toBe(1);
    const closed = server.worker.close();
    await client.closed;
    client.socket.destroy();
    await closed;
  });
});

test('a body waits with the client as long as nobody reads it, and then all of it comes', async () => {
  const read = deferred();
  await using server = await serveTls(async (environ, start) => {
    await read.promise;
    let sum = 0;
    for await (const chunk of environ['wsgi.input']) for (const byte of chunk) sum += byte;
    start('200 OK', []);
    return [String(sum)];
  }, certificates.server);
  const client = await TlsClient.connect(server.port, trusting());
  client.send('POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 30000000\r\n\r\n');
  const piece = Buffer.from(Array.from({ length: 10_000 }, (_, i) => i % 251));
  for (let i = 0; i < 3000; i++) client.send(piece);
  await until(() => server.worker.stats().active === 1);
  await new Promise((resolve) => setTimeout(resolve, 100));
  // What the two systems keep, and no more.
  expect(client.socket.writableLength).toBeGreaterThan(10_000_000);
  read.resolve();
  await client.closed;
  expect(bodyOf(client.received)).toBe(String(3000 * piece.reduce((a, b) => a + b, 0)));
  client.socket.destroy();
});

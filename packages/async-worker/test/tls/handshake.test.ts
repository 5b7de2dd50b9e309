import { RawClient } from '@highball/testkit';
import { once } from 'node:events';
import { connect as connectRaw, type Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { connect } from 'node:tls';
import { describe, expect, test } from 'vitest';
import { bodyOf, echoPath, get, last, statusesOf, until } from '../support.ts';
import { exchangeTls, people, serveTls, TlsClient } from './support.ts';

const certificates = people();
const trusting = (): { ca: string } => ({ ca: certificates.authority.cert });

/** What a client says first. */
async function clientHello(): Promise<Buffer> {
  const pieces: Buffer[] = [];
  const said = Promise.withResolvers<void>();
  const wire = new Duplex({
    read: () => undefined,
    write: (piece: Buffer, _encoding, done) => {
      pieces.push(piece);
      said.resolve();
      done();
    },
  });
  const client = connect({ socket: wire, servername: 'localhost' }).on('error', () => undefined);
  await said.promise;
  client.destroy();
  return Buffer.concat(pieces);
}

/** Waits until the server has closed, and closes. */
const gone = async (client: RawClient): Promise<void> => {
  await client.closed;
  client.destroy();
};

describe('a handshake', () => {
  test('that comes byte by byte is one', async () => {
    await using server = await serveTls(echoPath, certificates.server);
    const raw = connectRaw(server.port, '127.0.0.1').setNoDelay(true);
    const slow = new Duplex({
      read: () => undefined,
      write(bytes: Buffer, _encoding, done) {
        void (async () => {
          for (const byte of bytes) {
            raw.write(Buffer.of(byte));
            await new Promise((resolve) => setImmediate(resolve));
          }
          done();
        })();
      },
    });
    raw.on('data', (bytes) => slow.push(bytes));
    const client = connect({ socket: slow, servername: 'localhost', ...trusting() });
    await once(client, 'secureConnect');
    client.write(last('/slow'));
    let received = '';
    client.on('data', (bytes: Buffer) => (received += bytes.toString()));
    await until(() => received.endsWith('/slow'));
    client.destroy();
    raw.destroy();
  });

  test('that is cut anywhere leaves nothing behind', async () => {
    await using server = await serveTls(echoPath, certificates.server);
    const hello = await clientHello();
    for (let i = 0; i <= hello.length; i += i < 64 || i > hello.length - 16 ? 1 : 37) {
      const client = await RawClient.connect(server.port);
      client.send(hello.subarray(0, i));
      client.end();
      await gone(client);
    }
    await until(() => server.worker.stats().connections === 0);
    expect(statusesOf(await exchangeTls(server.port, last('/'), trusting()))).toEqual([200]);
  });

  test('that does not end has as long as the head of a request, and is then closed', async () => {
    await using server = await serveTls(echoPath, certificates.server, { headTimeoutMs: 5000 });
    const hello = await clientHello();
    const silent = await server.connect();
    const half = await server.connect();
    half.send(hello.subarray(0, 100));
    const unfinished = await server.connect();
    unfinished.send(hello);
    await until(() => unfinished.received !== '' && server.worker.stats().connections === 3);
    server.clock.advance(4000);
    expect(server.worker.stats().connections).toBe(3);
    server.clock.advance(2500);
    await Promise.all([silent, half, unfinished].map(gone));
    await until(() => server.worker.stats().connections === 0);
  });

  test('that is none is closed without an answer', async () => {
    await using server = await serveTls(echoPath, certificates.server);
    for (const garbage of ['\x00\x01\x02', '\xff'.repeat(2000), '\x80\x2e\x01\x00\x02']) {
      const client = await RawClient.connect(server.port);
      client.send(garbage);
      await gone(client);
      expect(client.received).toBe('');
    }
    const lines = server.log.entries.map(({ level, message }) => `${level}: ${message}`);
    expect(lines).toEqual(Array(3).fill('debug: a TLS handshake has failed'));
  });

  test('of records that make no sense is refused with an alert', async () => {
    await using server = await serveTls(echoPath, certificates.server);
    const client = await RawClient.connect(server.port);
    client.send(Buffer.concat([Buffer.from([22, 3, 1, 0, 200]), Buffer.alloc(200, 7)]));
    await gone(client);
    expect(client.received.charCodeAt(0)).toBe(21);
    await until(() => server.worker.stats().connections === 0);
  });

  test('of plain HTTP is answered in plain text', async () => {
    await using server = await serveTls(echoPath, certificates.server);
    const answer = await server.exchange(get('/'));
    expect(answer).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
    expect(answer).toMatch(/^Connection: close\r$/m);
    expect(bodyOf(answer)).toBe('400 Bad Request: plain HTTP was sent to an HTTPS port\n');
    expect(server.worker.stats().requests).toBe(0);
  });

  test('that fails again and again does not fill the log', async () => {
    await using server = await serveTls(echoPath, certificates.server);
    for (let i = 0; i < 30; i++) {
      const client = await RawClient.connect(server.port);
      client.send('\x01');
      await gone(client);
    }
    expect(server.log.entries).toHaveLength(10);
    server.clock.advance(1000);
    const client = await RawClient.connect(server.port);
    client.send('\x01');
    await gone(client);
    expect(server.log.entries).toHaveLength(11);
  });

  test('takes a place like any connection, and is given up where others wait', async () => {
    await using server = await serveTls(echoPath, certificates.server, { workerConnections: 500 });
    const hello = await clientHello();
    const halves: Socket[] = [];
    for (let i = 0; i < 2000; i++) {
      const socket = connectRaw(server.port, '127.0.0.1').on('error', () => undefined);
      socket.write(hello.subarray(0, 40));
      halves.push(socket);
    }
    await until(() => server.worker.stats().waiting > 1000);
    expect(server.worker.stats().connections).toBe(500);
    const answer = exchangeTls(server.port, last('/'), trusting());
    // Who has said only half of it is spared after a second.
    const rescue = setInterval(() => server.clock.advance(1100), 50);
    expect(statusesOf(await answer)).toEqual([200]);
    clearInterval(rescue);
    for (const socket of halves) socket.destroy();
  }, 30_000);
});

describe('at a drain', () => {
  test('a handshake under way ends, and its request is answered', async () => {
    await using server = await serveTls(echoPath, certificates.server);
    const raw = connectRaw(server.port, '127.0.0.1');
    await once(raw, 'connect');
    await until(() => server.worker.stats().connections === 1);
    const drained = server.worker.drain();
    const client = connect({ socket: raw, servername: 'localhost', ...trusting() });
    let received = '';
    client.on('data', (bytes: Buffer) => (received += bytes.toString()));
    client.write(get('/late'));
    await until(() => received.endsWith('/late'));
    expect(received).toMatch(/^Connection: close\r$/m);
    client.destroy();
    await drained;
  });

  test('one that has not begun is closed soon, and idle connections end with close_notify', async () => {
    await using server = await serveTls(echoPath, certificates.server);
    const silent = await server.connect();
    const idle = await TlsClient.connect(server.port, trusting());
    idle.send(get('/'));
    await until(() => idle.received.endsWith('/'));
    const drained = server.worker.drain();
    server.clock.advance(2500);
    await Promise.all([gone(silent), idle.closed]);
    expect(idle.error).toBeUndefined();
    idle.socket.destroy();
    await drained;
  });
});

test('a connection that is tampered with is over', async () => {
  await using server = await serveTls(echoPath, certificates.server);
  const raw = connectRaw(server.port, '127.0.0.1');
  const client = connect({ socket: raw, servername: 'localhost', ...trusting() }).on(
    'error',
    () => undefined,
  );
  await once(client, 'secureConnect');
  await until(() => server.worker.stats().connections === 1);
  raw.write(Buffer.concat([Buffer.from([23, 3, 3, 0, 40]), Buffer.alloc(40, 9)]));
  await until(() => server.worker.stats().connections === 0);
  raw.destroy();
});

describe('behind a proxy that speaks the PROXY protocol', () => {
  const options = { proxyProtocol: 'v1', proxyAllowIps: ['127.0.0.1'] } as const;
  const header = 'PROXY TCP4 203.0.113.9 192.0.2.1 5000 443\r\n';

  test.each([1, 7, header.length])(
    'the header comes first, %i bytes at a time, then the handshake',
    async (size) => {
      await using server = await serveTls(
        (environ, start) => {
          start('200 OK', []);
          return [`${environ.REMOTE_ADDR} ${environ['wsgi.url_scheme']}`];
        },
        certificates.server,
        options,
      );
      const raw = connectRaw(server.port, '127.0.0.1').setNoDelay(true);
      await once(raw, 'connect');
      for (let i = 0; i < header.length; i += size) {
        raw.write(header.slice(i, i + size));
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
      const client = connect({ socket: raw, servername: 'localhost', ...trusting() });
      let received = '';
      client.on('data', (bytes: Buffer) => (received += bytes.toString()));
      client.write(last('/'));
      await until(() => received.endsWith('203.0.113.9 https'));
      client.destroy();
    },
  );

  test('header and handshake may come in one piece', async () => {
    await using server = await serveTls(echoPath, certificates.server, options);
    const client = await RawClient.connect(server.port);
    client.send(Buffer.concat([Buffer.from(header), await clientHello()]));
    await until(() => client.received.charCodeAt(0) === 22);
    client.destroy();
  });

  test('without the header nothing is said', async () => {
    await using server = await serveTls(echoPath, certificates.server, options);
    const client = await RawClient.connect(server.port);
    client.send(await clientHello());
    await gone(client);
    expect(client.received).toBe('');
    expect(server.log.errors('warn')).toHaveLength(1);
  });
});

import { once } from 'node:events';
import { type AddressInfo, connect, createServer, Socket } from 'node:net';
import { describe, expect, test } from 'vitest';
import { keepable, readShared, unshareReads } from '../src/shared-reads.ts';
import { serve, until } from './support.ts';

/** The two ends of a connection; the server's is not read from yet. */
async function pair(): Promise<{ client: Socket; socket: Socket } & AsyncDisposable> {
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const [socket] = (await once(server, 'connection')) as [Socket];
  return {
    client,
    socket,
    async [Symbol.asyncDispose]() {
      client.destroy();
      socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

describe('a socket that is read into shared memory', () => {
  test('is that on this version of Node, without a stream', async () => {
    await using ends = await pair();
    const received: string[] = [];
    expect(readShared(ends.socket, (bytes) => received.push(String(bytes)))).toBe(true);
    ends.socket.on('data', () => received.push('by an event'));
    ends.socket.resume();
    ends.client.write('hello');
    await until(() => received.length > 0);
    expect(received).toEqual(['hello']);
  });

  test('shares it with the others: what is not copied is lost', async () => {
    await using one = await pair();
    await using two = await pair();
    const kept: Uint8Array[] = [];
    const copied: Uint8Array[] = [];
    for (const { socket } of [one, two]) {
      readShared(socket, (bytes) => {
        kept.push(bytes);
        copied.push(keepable(bytes));
      });
      socket.resume();
    }
    one.client.write('first');
    await until(() => kept.length === 1);
    two.client.write('other');
    await until(() => kept.length === 2);
    expect(kept.map(String)).toEqual(['other', 'other']);
    expect(copied.map(String)).toEqual(['first', 'other']);
  });

  test('can be paused, and tells of its end', async () => {
    await using ends = await pair();
    let received = '';
    let ended = false;
    readShared(ends.socket, (bytes) => (received += String(bytes)));
    ends.socket.on('end', () => (ended = true)).resume();
    ends.client.write('a');
    await until(() => received === 'a');
    ends.socket.pause();
    ends.client.end('b');
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect(received).toBe('a');
    ends.socket.resume();
    await until(() => ended);
    expect(received).toBe('ab');
  });

  test('becomes a stream like any other for a new owner', async () => {
    await using one = await pair();
    await using two = await pair();
    readShared(one.socket, () => undefined);
    readShared(two.socket, () => undefined);
    one.socket.resume();
    two.socket.resume();
    unshareReads(one.socket);
    (one.socket as { readableFlowing: boolean | null }).readableFlowing = null;
    const size = 4_000_000;
    one.client.end(Buffer.alloc(size, 'x'));
    two.client.write(Buffer.alloc(100_000, 'y'));
    await until(() => one.socket.readableLength > 0);
    for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
    // Nobody listens yet: it is kept up to the stream's mark, the rest waits with the kernel.
    expect(one.socket.readableLength).toBeLessThan(500_000);
    let received = 0;
    let foreign = 0;
    one.socket.on('data', (bytes: Buffer) => {
      received += bytes.length;
      foreign += bytes.includes('y') ? 1 : 0;
    });
    await once(one.socket, 'end');
    expect([received, foreign]).toEqual([size, 0]);
  });
});

test('a socket without a handle is left as it is', () => {
  const socket = new Socket();
  expect(readShared(socket, () => undefined)).toBe(false);
  unshareReads(socket);
  socket.destroy();
});

test('a piece of a body that an application keeps is not changed by other requests', async () => {
  await using server = await serve(async (environ, start) => {
    const pieces: Uint8Array[] = [];
    for await (const piece of environ['wsgi.input']) pieces.push(piece);
    start('200 OK', []);
    return [Buffer.concat(pieces).toString('latin1')];
  });
  const clients = await Promise.all([server.connect(), server.connect()]);
  const letters = ['abc', 'xyz'].map((text) => [...text].map((letter) => letter.repeat(1000)));
  for (const client of clients) client.send('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3000\r\n\r\n');
  for (let i = 0; i < 3; i++) {
    for (const [index, client] of clients.entries()) {
      client.send(letters[index]?.[i] as string);
      for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve));
    }
  }
  for (const [index, client] of clients.entries()) await client.until(letters[index]?.join('') as string);
});

test('a PROXY header in two pieces is put together, whatever others send in between', async () => {
  const options = { proxyProtocol: 'v1', proxyAllowIps: ['127.0.0.1'] } as const;
  await using server = await serve((environ, start) => {
    start('200 OK', []);
    return [`from ${environ.REMOTE_ADDR}`];
  }, options);
  const clients = await Promise.all([server.connect(), server.connect()]);
  const header = (i: number): string => `PROXY TCP4 192.0.2.${i} 192.0.2.9 1000 80\r\n`;
  const turns = async (): Promise<void> => {
    for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve));
  };
  for (const [i, client] of clients.entries()) {
    client.send(header(i).slice(0, 19));
    await turns();
  }
  for (const [i, client] of clients.entries()) {
    client.send(`${header(i).slice(19)}GET / HTTP/1.1\r\nHost: x\r\n\r\n`);
    await client.until(`from 192.0.2.${i}`);
  }
});

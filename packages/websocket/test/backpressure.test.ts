import { once } from 'node:events';
import { deflateRawSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { type Closure, webSocket, type WebSocketConnection } from '../src/index.ts';
import { frame, gate, serve, TEXT, until } from './support.ts';

describe('a client that reads slowly', () => {
  test('makes send() wait, and little is kept for it; when it reads, all arrives', async () => {
    const sent = { count: 0, most: 0 };
    const total = 400;
    const app = webSocket(async (connection) => {
      connection.ignoreMessages();
      for (; sent.count < total; sent.count++) {
        await connection.send(Buffer.alloc(65_536, sent.count));
        sent.most = Math.max(sent.most, connection.unsentBytes);
      }
    });
    await using server = await serve(app);
    const client = await server.open();
    client.pause();
    let before = -1;
    await until(() => {
      const stands = sent.count === before;
      before = sent.count;
      return stands && sent.count > 0;
    });
    expect(sent.count).toBeLessThan(total);
    expect(sent.most).toBeLessThanOrEqual(2 * 65_536 + 20);
    let received = 0;
    client.on('message', (data) => (received += (data as Buffer).length));
    client.resume();
    await once(client, 'close');
    expect(received).toBe(total * 65_536);
  });

  test('is cut off when too much waits for it, and whoever did not await need not catch', async () => {
    const closure = gate<Closure>();
    const failure = gate<unknown>();
    let most = 0;
    const app = webSocket(
      async (connection) => {
        connection.ignoreMessages();
        while (connection.open) {
          void connection.send(Buffer.alloc(65_536)).catch(failure.open);
          void connection.send(Buffer.alloc(65_536));
          most = Math.max(most, connection.unsentBytes);
        }
        closure.open(await connection.closed);
      },
      { sendQueueBytes: 500_000 },
    );
    await using server = await serve(app);
    const client = await server.open();
    client.pause();
    expect(await failure.promise).toMatchObject({ name: 'WebSocketSendError' });
    expect(await closure.promise).toMatchObject({ code: 1006, error: { code: 'WRITE_TIMEOUT' } });
    expect(most).toBeLessThan(500_000 + 3 * 65_600);
  });

  test('that leaves wakes up those who wait to send', async () => {
    const failure = gate<unknown>();
    const waiting = gate();
    const app = webSocket(
      async (connection) => {
        const last = connection.send(Buffer.alloc(30_000_000));
        waiting.open();
        await last.catch(failure.open);
      },
      { sendQueueBytes: 1_000_000 },
    );
    await using server = await serve(app);
    const client = await server.open();
    client.pause();
    await waiting.promise;
    client.terminate();
    expect(await failure.promise).toMatchObject({ code: 'CLOSED' });
  });
});

describe('an application that reads slowly', () => {
  /** One that leaves the reading to the test, until that is done. */
  function reading() {
    const opened = gate<WebSocketConnection>();
    const done = gate();
    const app = webSocket(async (connection) => {
      opened.open(connection);
      await done.promise;
    });
    return { app, opened, done };
  }

  test('makes the client wait, and little is kept for it; in the end it gets all', async () => {
    const { app, opened, done } = reading();
    await using server = await serve(app);
    const raw = await server.openRaw();
    const connection = await opened.promise;
    const { socket } = raw.client;
    const total = 300;
    for (let i = 0; i < total; i++) raw.client.send(frame(TEXT, 'x'.repeat(100_000)));
    let before = -1;
    await until(() => {
      const stands = socket.writableLength === before;
      before = socket.writableLength;
      return stands;
    });
    // 30 MB less what the kernel's buffers hold is still here.
    expect(socket.writableLength).toBeGreaterThan(10_000_000);
    let received = 0;
    for (let i = 0; i < total; i++) received += (await connection.receive())?.length ?? 0;
    expect(received).toBe(total * 100_000);
    done.open();
  });

  test('is not given more small messages than it can keep', async () => {
    const { app, opened, done } = reading();
    await using server = await serve(app);
    const raw = await server.openRaw();
    const connection = await opened.promise;
    const one = frame(TEXT, '');
    for (let i = 0; i < 20; i++) raw.client.send(Buffer.alloc(one.length * 10_000, one));
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(connection.open).toBe(true);
    let count = 0;
    while (count < 200_000 && (await connection.receive()) !== undefined) count++;
    expect(count).toBe(200_000);
    done.open();
  });

  test('is cut off from a client whose compressed messages are more than it can keep', async () => {
    const closure = gate<Closure>();
    const app = webSocket(async (connection) => closure.open(await connection.closed), {
      deflate: true,
      maxPayloadBytes: 1_000_000,
    });
    await using server = await serve(app);
    const raw = await server.openRaw('Sec-WebSocket-Extensions: permessage-deflate');
    const small = frame(0x2, deflateRawSync(Buffer.alloc(999_999)), { rsv: 4 });
    raw.client.send(Buffer.concat(Array.from({ length: 50 }, () => small)));
    expect(await closure.promise).toMatchObject({ code: 1006, error: { code: 'FLOODED' } });
  });

  test('gets one message at a time', async () => {
    const failure = gate<unknown>();
    const app = webSocket(async (connection) => {
      void connection.receive();
      await connection.receive().catch(failure.open);
    });
    await using server = await serve(app);
    await server.open();
    expect(await failure.promise).toMatchObject({ name: 'WebSocketUsageError', code: 'CONCURRENT_RECEIVE' });
  });
});

test('what is no message is refused', async () => {
  const failure = gate<unknown>();
  const app = webSocket((connection) => connection.send({ a: 1 } as unknown as string).catch(failure.open));
  await using server = await serve(app);
  await server.open();
  expect(await failure.promise).toMatchObject({ name: 'WebSocketUsageError', code: 'BAD_MESSAGE' });
});

test('a client that is sent to quickly costs no promise a message', async () => {
  const same = gate<boolean>();
  const app = webSocket((connection) => same.open(connection.send('a') === connection.send('b')));
  await using server = await serve(app);
  await server.open();
  expect(await same.promise).toBe(true);
});

import type { Environ } from '@highball/gateway-protocol';
import { exchange, RawClient } from '@highball/testkit';
import { once } from 'node:events';
import { describe, expect, test } from 'vitest';
import { type Closure, webSocket, type WebSocketConnection, type WebSocketHandler } from '../src/index.ts';
import { ACCEPT, CLOSE, gate, handshake, serve, TEXT, until } from './support.ts';

const echo: WebSocketHandler = async (connection) => {
  for await (const message of connection) await connection.send(message);
};

describe('a WebSocket', () => {
  test('is opened with the answer to its key, and messages of text and bytes go both ways', async () => {
    await using server = await serve(webSocket(echo));
    const raw = await server.openRaw();
    expect(raw.head).toMatch(/^HTTP\/1\.1 101 /);
    expect(raw.head).toContain(`Sec-WebSocket-Accept: ${ACCEPT}`);
    const client = await server.open();
    const answers: unknown[] = [];
    client.on('message', (data, isBinary) => answers.push([isBinary, data.toString()]));
    client.send('héllo ✓');
    client.send(Buffer.from([1, 2, 3]));
    await until(() => answers.length === 2);
    expect(answers).toEqual([
      [false, 'héllo ✓'],
      [true, '\x01\x02\x03'],
    ]);
  });

  test('gets the messages that came with the handshake in one packet', async () => {
    await using server = await serve(webSocket(echo));
    const client = await RawClient.connect(server.port);
    client.send(Buffer.concat([Buffer.from(handshake()), Buffer.from([0x81, 0x82, 0, 0, 0, 0, 0x68, 0x69])]));
    await client.until('\x81\x02hi');
    client.destroy();
  });

  test('knows of its request by environ', async () => {
    const seen = gate<Environ>();
    await using server = await serve(webSocket((_connection, environ) => seen.open(environ)));
    await server.open();
    expect(await seen.promise).toMatchObject({ PATH_INFO: '/chat', QUERY_STRING: 'room=1' });
  });

  test('is closed with 1000 when its handler returns', async () => {
    await using server = await serve(webSocket((connection) => connection.send('bye')));
    const client = await server.open();
    const [code] = (await once(client, 'close')) as [number];
    expect(code).toBe(1000);
    expect(server.errors).toEqual([]);
  });

  test('is closed with 1011 when its handler throws, and the error is logged', async () => {
    await using server = await serve(
      webSocket(() => {
        throw new Error('no database');
      }),
    );
    const client = await server.open();
    const [code, reason] = (await once(client, 'close')) as [number, Buffer];
    expect(code).toBe(1011);
    expect(reason.toString()).toBe('');
    expect(server.errors.join('\n')).toMatch(/handler failed at \/chat: Error: no database/);
  });

  test('whose peer leaves while it is sent to is no error of the server', async () => {
    const left = gate();
    const failed = gate<unknown>();
    await using server = await serve(
      webSocket(async (connection) => {
        connection.ignoreMessages();
        await connection.closed;
        left.open();
        try {
          await connection.send('too late');
        } catch (error) {
          failed.open(error);
          throw error;
        }
      }),
    );
    const client = await server.open();
    client.terminate();
    await left.promise;
    expect(await failed.promise).toMatchObject({ name: 'WebSocketSendError', code: 'CLOSED' });
    // By then the handler has failed as well.
    await new Promise((resolve) => setImmediate(resolve));
    expect(server.errors).toEqual([]);
  });
});

describe('the end of a WebSocket', () => {
  async function closureAfter(
    act: (server: Awaited<ReturnType<typeof serve>>) => Promise<void>,
  ): Promise<Closure> {
    const closure = gate<Closure>();
    await using server = await serve(
      webSocket(async (connection) => {
        for await (const _message of connection);
        closure.open(await connection.closed);
      }),
    );
    await act(server);
    return await closure.promise;
  }

  test('has the code and the reason of the client', async () => {
    const closure = await closureAfter(async (server) => (await server.open()).close(4001, 'enough'));
    expect(closure).toEqual({ code: 4001, reason: 'enough' });
  });

  test('is 1005 when the client gives no code', async () => {
    const closure = await closureAfter(async (server) => (await server.open()).close());
    expect(closure).toEqual({ code: 1005, reason: '' });
  });

  test('is 1006 when the client is gone without a word', async () => {
    const closure = await closureAfter(async (server) => (await server.open()).terminate());
    expect(closure).toMatchObject({ code: 1006, error: { code: 'LOST' } });
  });

  test('is 1006 when the client ends its side of the connection only', async () => {
    const closure = await closureAfter(async (server) => {
      const raw = await server.openRaw();
      raw.client.end();
      await raw.client.closed;
    });
    expect(closure).toMatchObject({ code: 1006 });
  });

  test('repeats the code of the client, and closes the connection', async () => {
    await using server = await serve(webSocket(echo));
    const raw = await server.openRaw();
    raw.send(CLOSE, Buffer.from([0x0f, 0xa1]));
    await raw.client.closed;
    expect(await raw.closeCode()).toBe(4001);
  });

  test('comes after the messages that were sent before', async () => {
    const got: unknown[] = [];
    const done = gate();
    await using server = await serve(
      webSocket(async (connection) => {
        await connection.closed;
        for await (const message of connection) got.push(message);
        done.open();
      }),
    );
    const raw = await server.openRaw();
    raw.send(TEXT, 'one');
    raw.send(TEXT, 'two');
    raw.send(CLOSE);
    expect(await raw.closeCode()).toBe(1005);
    raw.client.end();
    await done.promise;
    expect(got).toEqual(['one', 'two']);
  });
});

describe('close()', () => {
  test('sends code and reason, and resolves with the answer', async () => {
    const closure = gate<Closure>();
    await using server = await serve(
      webSocket(async (connection) => closure.open(await connection.close(4000, 'full'))),
    );
    const client = await server.open();
    const [code, reason] = (await once(client, 'close')) as [number, Buffer];
    expect([code, reason.toString()]).toEqual([4000, 'full']);
    expect(await closure.promise).toEqual({ code: 4000, reason: 'full' });
  });

  test('cuts off a client that does not answer in time', async () => {
    const closure = gate<Closure>();
    const handler: WebSocketHandler = async (connection) => closure.open(await connection.close());
    await using server = await serve(webSocket(handler, { closeTimeoutMs: 20 }));
    const raw = await server.openRaw();
    expect(await raw.closeCode()).toBe(1000);
    expect(await closure.promise).toMatchObject({ code: 1006 });
    await raw.client.closed;
  });

  test('works also when messages wait that nobody reads', async () => {
    const closure = gate<Closure>();
    const go = gate();
    await using server = await serve(
      webSocket(
        async (connection) => {
          await go.promise;
          closure.open(await connection.close());
        },
        { receiveQueueBytes: 1000 },
      ),
    );
    const client = await server.open();
    for (let i = 0; i < 100; i++) client.send('x'.repeat(1000));
    await new Promise((resolve) => setTimeout(resolve, 50));
    go.open();
    expect(await closure.promise).toMatchObject({ code: 1000 });
  });

  test.each([
    [1005, ''],
    [1006, ''],
    [999, ''],
    [1016, ''],
    [5000, ''],
    [1000.5, ''],
    [1000, 'é'.repeat(62)],
  ])('refuses %d %s', async (code, reason) => {
    const failure = gate<unknown>();
    await using server = await serve(
      webSocket(async (connection) => {
        await connection.close(code, reason).catch(failure.open);
      }),
    );
    await server.open();
    expect(await failure.promise).toMatchObject({ name: 'WebSocketUsageError', code: 'BAD_CLOSE' });
  });
});

describe('when the server goes away', () => {
  test('a WebSocket is closed with 1001 by the signal of the options', async () => {
    const controller = new AbortController();
    await using server = await serve(webSocket(echo, { signal: controller.signal }));
    const client = await server.open();
    controller.abort();
    const [code, reason] = (await once(client, 'close')) as [number, Buffer];
    expect([code, reason.toString()]).toEqual([1001, 'the server is going away']);
  });

  test('a WebSocket is closed with 1001 by the drain of the worker, which need not wait for its grace', async () => {
    await using server = await serve(webSocket(echo));
    const client = await server.open();
    const drained = server.worker.drain(60_000);
    const [code] = (await once(client, 'close')) as [number];
    expect(code).toBe(1001);
    await drained;
  });

  test('one that opens when the server is already leaving is closed at once', async () => {
    await using server = await serve(webSocket(echo, { signal: AbortSignal.abort() }));
    const client = await server.open();
    const [code] = (await once(client, 'close')) as [number];
    expect(code).toBe(1001);
  });

  test('signals hold nothing of a connection that is gone', async () => {
    const controller = new AbortController();
    let listeners = 0;
    const { signal } = controller;
    const add = signal.addEventListener.bind(signal);
    const remove = signal.removeEventListener.bind(signal);
    signal.addEventListener = (...args: Parameters<typeof add>) => (listeners++, add(...args));
    signal.removeEventListener = (...args: Parameters<typeof remove>) => (listeners--, remove(...args));
    let connection: WebSocketConnection | undefined;
    await using server = await serve(
      webSocket((opened) => ((connection = opened), opened.closed.then(() => undefined)), { signal }),
    );
    const client = await server.open();
    expect(listeners).toBe(1);
    client.terminate();
    await connection?.closed;
    expect(listeners).toBe(0);
  });
});

describe('what is no WebSocket', () => {
  test('is answered like any request, and the connection goes on', async () => {
    await using server = await serve(webSocket(echo));
    const answer = await exchange(
      server.port,
      'GET / HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
    );
    expect(answer.match(/HTTP\/1\.1 426 Upgrade Required\r\n/g)).toHaveLength(2);
    expect(answer).toMatch(/\r\nUpgrade: websocket\r\n/);
    expect(answer).toMatch(/this address is for WebSockets/);
    expect(server.errors).toEqual([]);
  });
});

import type {
  AsgiApplication,
  AsgiReceiveEvent,
  AsgiSendEvent,
  WebSocketScope,
} from '@highball/gateway-protocol';
import { once } from 'node:events';
import { describe, expect, test } from 'vitest';
import { ClientDisconnected, type FromAsgiOptions } from '../src/index.ts';
import { gate, serveAsgi, type TestServer, until } from './support.ts';

/** Opens a WebSocket with the client that comes with Node. */
async function open(server: TestServer, protocols: string[] = []): Promise<WebSocket> {
  const client = new WebSocket(`ws://127.0.0.1:${server.port}/caf%C3%A9?room=1`, protocols);
  await once(client, 'open');
  return client;
}

/** What the 'close' event of the client tells. */
type Closed = Event & { code: number; reason: string };

function handshake(...lines: string[]): string {
  const fields = [
    'Host: example.org',
    'Upgrade: websocket',
    'Connection: Upgrade',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    ...(lines.some((line) => line.startsWith('Sec-WebSocket-Version')) ? [] : ['Sec-WebSocket-Version: 13']),
    ...lines,
  ];
  return `${['GET / HTTP/1.1', ...fields].join('\r\n')}\r\n\r\n`;
}

/** What a handshake is answered. */
async function answerTo(app: AsgiApplication, options: FromAsgiOptions = {}): Promise<string> {
  await using server = await serveAsgi(app, options);
  const client = await server.connect();
  client.send(handshake());
  await client.until('\r\n\r\n');
  return client.received;
}

const echo: AsgiApplication = async (_scope, receive, send) => {
  for (;;) {
    const event = await receive();
    if (event.type === 'websocket.connect') await send({ type: 'websocket.accept' });
    else if (event.type !== 'websocket.receive') return;
    else if (typeof event.text === 'string') await send({ type: 'websocket.send', text: event.text });
    else await send({ type: 'websocket.send', bytes: event.bytes });
  }
};

describe('a WebSocket', () => {
  test('that is accepted carries messages of text and bytes both ways', async () => {
    await using server = await serveAsgi(echo);
    const client = await open(server);
    client.binaryType = 'arraybuffer';
    const got: unknown[] = [];
    client.addEventListener('message', ({ data }) => got.push(data));
    client.send('héllo');
    client.send(Uint8Array.of(1, 2, 3));
    await until(() => got.length === 2);
    expect(got).toEqual(['héllo', Uint8Array.of(1, 2, 3).buffer]);
    client.close();
    await once(client, 'close');
    expect(server.errors).toEqual([]);
  });

  test('has its scope', async () => {
    const scope = gate<WebSocketScope>();
    await using server = await serveAsgi(async (asked, _receive, send) => {
      scope.open(asked as WebSocketScope);
      await send({ type: 'websocket.close' });
    });
    const client = new WebSocket(`ws://127.0.0.1:${server.port}/caf%C3%A9?room=1`, ['v2', 'v1']);
    client.addEventListener('error', () => undefined);
    expect(await scope.promise).toMatchObject({
      type: 'websocket',
      asgi: { version: '3.0' },
      http_version: '1.1',
      scheme: 'ws',
      path: '/café',
      raw_path: '/caf%C3%A9',
      query_string: 'room=1',
      subprotocols: ['v2', 'v1'],
      extensions: { 'websocket.http.response': {} },
    });
    expect(await scope.promise).not.toHaveProperty('method');
  });

  test('is accepted with a subprotocol and with fields', async () => {
    await using server = await serveAsgi(async (_scope, receive, send) => {
      await receive();
      await send({ type: 'websocket.accept', subprotocol: 'v1', headers: [['x-one', '1']] });
      await receive();
    });
    const client = await server.connect();
    client.send(handshake('Sec-WebSocket-Protocol: v2, v1'));
    await client.until('\r\n\r\n');
    expect(client.received).toMatch(/^HTTP\/1\.1 101 [^]*\r\nSec-WebSocket-Protocol: v1\r\nx-one: 1\r\n/);
  });

  test('connects once, before all else', async () => {
    const events: AsgiReceiveEvent[] = [];
    await using server = await serveAsgi(async (_scope, receive, send) => {
      events.push(await receive());
      await send({ type: 'websocket.accept' });
      events.push(await receive(), await receive());
    });
    const client = await open(server);
    client.send('x');
    client.close(4000, 'enough');
    await until(() => events.length === 3);
    expect(events).toEqual([
      { type: 'websocket.connect' },
      { type: 'websocket.receive', text: 'x' },
      { type: 'websocket.disconnect', code: 4000, reason: 'enough' },
    ]);
  });
});

describe('the end of a WebSocket', () => {
  /** The event that the application gets when the client does so. */
  async function lastEvent(act: (client: WebSocket, server: TestServer) => void): Promise<AsgiReceiveEvent> {
    const last = gate<AsgiReceiveEvent>();
    await using server = await serveAsgi(async (_scope, receive, send) => {
      await receive();
      await send({ type: 'websocket.accept' });
      last.open(await receive());
    });
    act(await open(server), server);
    return await last.promise;
  }

  test('has 1005 when the client gives no code', async () => {
    expect(await lastEvent((client) => client.close())).toMatchObject({ code: 1005 });
  });

  test('has 1006 when the client is gone', async () => {
    const last = gate<AsgiReceiveEvent>();
    await using server = await serveAsgi(async (_scope, receive, send) => {
      await receive();
      await send({ type: 'websocket.accept' });
      last.open(await receive());
    });
    const client = await server.connect();
    client.send(handshake());
    await client.until('101');
    client.destroy();
    expect(await last.promise).toMatchObject({ type: 'websocket.disconnect', code: 1006 });
  });

  test('by the application has its code and its reason', async () => {
    await using server = await serveAsgi(async (_scope, receive, send) => {
      await receive();
      await send({ type: 'websocket.accept' });
      await send({ type: 'websocket.close', code: 4001, reason: 'full' });
    });
    const client = await open(server);
    const [event] = (await once(client, 'close')) as [Closed];
    expect([event.code, event.reason]).toEqual([4001, 'full']);
    expect(server.errors).toEqual([]);
  });

  test('by the application is followed by a disconnect', async () => {
    const last = gate<AsgiReceiveEvent>();
    await using server = await serveAsgi(async (_scope, receive, send) => {
      await receive();
      await send({ type: 'websocket.accept' });
      await send({ type: 'websocket.close', code: 3000 });
      last.open(await receive());
    });
    await open(server);
    expect(await last.promise).toMatchObject({ type: 'websocket.disconnect', code: 3000 });
  });

  test('by the drain of the worker has 1001, on both sides', async () => {
    const last = gate<AsgiReceiveEvent>();
    await using server = await serveAsgi(async (_scope, receive, send) => {
      await receive();
      await send({ type: 'websocket.accept' });
      last.open(await receive());
    });
    const client = await open(server);
    const closed = once(client, 'close');
    const drained = server.worker.drain(60_000);
    const [event] = (await closed) as [Closed];
    expect(event.code).toBe(1001);
    expect(await last.promise).toMatchObject({ type: 'websocket.disconnect', code: 1001 });
    await drained;
  });

  test('by returning has 1000', async () => {
    await using server = await serveAsgi(async (_scope, receive, send) => {
      await receive();
      await send({ type: 'websocket.accept' });
    });
    const [event] = (await once(await open(server), 'close')) as [Closed];
    expect(event.code).toBe(1000);
  });

  test('by throwing has 1011, and the error is logged', async () => {
    await using server = await serveAsgi(async (_scope, receive, send) => {
      await receive();
      await send({ type: 'websocket.accept' });
      throw new Error('no database');
    });
    const [event] = (await once(await open(server), 'close')) as [Closed];
    expect(event.code).toBe(1011);
    expect(server.errors.join('\n')).toMatch(/failed at GET \/café?.*: Error: no database/);
  });

  test('makes send fail with an error that is not logged', async () => {
    const failure = gate<unknown>();
    await using server = await serveAsgi(async (_scope, receive, send) => {
      await receive();
      await send({ type: 'websocket.accept' });
      await receive();
      try {
        await send({ type: 'websocket.send', text: 'too late' });
      } catch (error) {
        failure.open(error);
        throw error;
      }
    });
    (await open(server)).close();
    expect(await failure.promise).toBeInstanceOf(ClientDisconnected);
    expect(server.errors).toEqual([]);
  });
});

describe('a client that reads slowly', () => {
  test('makes send wait, and whoever waits hears when it leaves', async () => {
    let sent = 0;
    const failure = gate<unknown>();
    await using server = await serveAsgi(async (_scope, receive, send) => {
      await receive();
      await send({ type: 'websocket.accept' });
      try {
        for (; sent < 400; sent++) await send({ type: 'websocket.send', bytes: Buffer.alloc(100_000) });
      } catch (error) {
        failure.open(error);
      }
    });
    const client = await server.connect();
    client.socket.pause();
    client.send(handshake());
    let before = -1;
    await until(() => {
      const stands = sent > 0 && before === sent;
      before = sent;
      return stands;
    });
    expect(sent).toBeLessThan(300);
    client.destroy();
    expect(await failure.promise).toBeInstanceOf(ClientDisconnected);
  });
});

describe('a WebSocket is refused', () => {
  test('with 403 when the application closes it first', async () => {
    const answer = await answerTo(async (_scope, receive, send) => {
      await receive();
      await send({ type: 'websocket.close' });
    });
    expect(answer).toMatch(/^HTTP\/1\.1 403 Forbidden\r\n/);
  });

  test('with a response of its own (websocket.http.response)', async () => {
    const answer = await answerTo(async (_scope, receive, send) => {
      await receive();
      const headers: [string, string][] = [['www-authenticate', 'Bearer']];
      await send({ type: 'websocket.http.response.start', status: 401, headers });
      await send({ type: 'websocket.http.response.body', body: Buffer.from('who are '), more_body: true });
      await send({ type: 'websocket.http.response.body', body: Buffer.from('you?') });
    });
    expect(answer).toMatch(/^HTTP\/1\.1 401 Unauthorized\r\nwww-authenticate: Bearer\r\n/);
    expect(answer).toMatch(/who are/);
  });

  test('with 500 when the application returns, or throws, before it has decided', async () => {
    await using server = await serveAsgi(async (scope) => {
      if ((scope as WebSocketScope).subprotocols.length > 0) throw new Error('no database');
    });
    for (const lines of [[], ['Sec-WebSocket-Protocol: x']]) {
      const client = await server.connect();
      client.send(handshake(...lines));
      expect(await client.until('\r\n\r\n')).toMatch(/^HTTP\/1\.1 500 /);
    }
    expect(server.errors.join('\n')).toMatch(/without accepting[^]*no database/);
  });

  test('without a call of the application when the handshake is no good, or the origin foreign', async () => {
    let calls = 0;
    await using server = await serveAsgi(async () => void calls++);
    for (const [line, status] of [
      ['Sec-WebSocket-Version: 8', '426'],
      ['Origin: https://evil.example', '403'],
    ] as const) {
      const client = await server.connect();
      client.send(handshake(line));
      expect(await client.until('\r\n\r\n')).toMatch(`HTTP/1.1 ${status}`);
    }
    expect(calls).toBe(0);
  });

  test('not when the origin is allowed by the options', async () => {
    await using server = await serveAsgi(echo, { websocket: { allowedOrigins: ['https://app.example'] } });
    const client = await server.connect();
    client.send(handshake('Origin: https://app.example'));
    expect(await client.until('\r\n\r\n')).toMatch('HTTP/1.1 101');
  });
});

test('handshakes are ordinary requests when WebSockets are switched off', async () => {
  const app: AsgiApplication = async (scope, _receive, send) => {
    await send({ type: 'http.response.start', status: 200 });
    await send({ type: 'http.response.body', body: Buffer.from(scope.type) });
  };
  expect(await answerTo(app, { websocket: false })).toMatch(/\r\n\r\nhttp$/);
});

describe('an event that makes no sense is refused:', () => {
  const ACCEPT: AsgiSendEvent = { type: 'websocket.accept' };
  const CLOSE: AsgiSendEvent = { type: 'websocket.close' };
  const TEXT: AsgiSendEvent = { type: 'websocket.send', text: 'x' };
  test.each<[name: string, code: string, events: unknown[]]>([
    ['a message before accept', 'UNEXPECTED_EVENT', [TEXT]],
    ['a second accept', 'UNEXPECTED_EVENT', [ACCEPT, ACCEPT]],
    ['accept behind a refusal', 'UNEXPECTED_EVENT', [CLOSE, ACCEPT]],
    ['a second refusal', 'UNEXPECTED_EVENT', [CLOSE, CLOSE]],
    ['a second close', 'UNEXPECTED_EVENT', [ACCEPT, CLOSE, CLOSE]],
    ['a message behind close', 'UNEXPECTED_EVENT', [ACCEPT, CLOSE, TEXT]],
    ['a response behind accept', 'UNEXPECTED_EVENT', [ACCEPT, { type: 'websocket.http.response.start', status: 401 }]],
    ['the body of a response behind accept', 'UNEXPECTED_EVENT', [ACCEPT, { type: 'websocket.http.response.body' }]],
    ['accept behind the start of a response', 'UNEXPECTED_EVENT', [{ type: 'websocket.http.response.start', status: 401 }, ACCEPT]],
    ['an event of another scope', 'UNEXPECTED_EVENT', [{ type: 'http.response.start', status: 200 }]],
    ['a message of nothing', 'BAD_EVENT', [ACCEPT, { type: 'websocket.send' }]],
    ['a message of numbers', 'BAD_EVENT', [ACCEPT, { type: 'websocket.send', bytes: [1] }]],
    ['a subprotocol that was not offered', 'BAD_SUBPROTOCOL', [{ ...ACCEPT, subprotocol: 'v9' }]],
    ['a close code that must not be sent', 'BAD_CLOSE', [ACCEPT, { ...CLOSE, code: 1006 }]],
  ])('%s', async (_name, code, events) => {
    const failure = gate<{ code: string }>();
    await using server = await serveAsgi(async (_scope, receive, send) => {
      await receive();
      const last = events.pop() as AsgiSendEvent;
      for (const event of events) await send(event as AsgiSendEvent);
      await send(last).catch(failure.open);
    });
    const client = await server.connect();
    client.send(handshake());
    expect(await failure.promise).toMatchObject({ code });
  }); // prettier-ignore
});

test('a client that leaves before it is accepted is told of by receive', async () => {
  const last = gate<AsgiReceiveEvent>();
  await using server = await serveAsgi(async (_scope, receive, send) => {
    await receive();
    last.open(await receive());
    await send({ type: 'websocket.accept' });
  });
  const client = await server.connect();
  client.send(handshake());
  await until(() => server.worker.stats().active === 1);
  client.destroy();
  expect(await last.promise).toMatchObject({ type: 'websocket.disconnect', code: 1006 });
  expect(server.errors).toEqual([]);
});

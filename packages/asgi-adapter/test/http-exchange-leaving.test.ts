import type { AsgiApplication, AsgiReceiveEvent, AsgiSendEvent } from '@highball/gateway-protocol';
import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, expect, test } from 'vitest';
import { ClientDisconnected } from '../src/index.ts';
import { bodyOf, gate, get, PIECE, request, respond, serveAsgi, START, until } from './support.ts';

describe('a client that leaves', () => {
  test('is told of by receive', async () => {
    const events: AsgiReceiveEvent[] = [];
    await using server = await serveAsgi(async (_scope, receive) => {
      events.push(await receive(), await receive());
    });
    const client = await server.connect();
    client.send(get());
    await until(() => events.length === 0 && server.worker.stats().active === 1);
    client.destroy();
    await until(() => events.length === 2);
    expect(events[1]).toEqual({ type: 'http.disconnect' });
    expect(server.errors).toEqual([]);
  });

  test('in the middle of its body is told of by receive', async () => {
    const last = gate<AsgiReceiveEvent>();
    await using server = await serveAsgi(async (_scope, receive) => {
      await receive();
      last.open(await receive());
    });
    const client = await server.connect();
    client.send(request('POST', '/', ['Content-Length: 10']));
    client.send('abc');
    await until(() => server.worker.stats().active === 1);
    client.destroy();
    expect(await last.promise).toEqual({ type: 'http.disconnect' });
    expect(server.errors).toEqual([]);
  });

  test('makes send fail with an error that is not logged', async () => {
    const failure = gate<unknown>();
    await using server = await serveAsgi(async (_scope, _receive, send) => {
      await send(START);
      try {
        for (;;) await send(PIECE('x'.repeat(65_536)));
      } catch (error) {
        failure.open(error);
        throw error;
      }
    });
    const client = await server.connect();
    client.send(get());
    await client.until('xxx');
    client.destroy();
    const error = await failure.promise;
    expect(error).toBeInstanceOf(ClientDisconnected);
    expect(error).toMatchObject({ code: 'CLIENT_DISCONNECTED' });
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(server.errors).toEqual([]);
  });

  test('makes send fail also for who was told so by receive', async () => {
    const failure = gate<unknown>();
    await using server = await serveAsgi(async (_scope, receive, send) => {
      while ((await receive()).type !== 'http.disconnect');
      await send(START).catch(failure.open);
    });
    const client = await server.connect();
    client.send(get());
    await until(() => server.worker.stats().active === 1);
    client.destroy();
    expect(await failure.promise).toBeInstanceOf(ClientDisconnected);
    expect(server.errors).toEqual([]);
  });

  test('harms nobody who neither awaits send nor catches its error', async () => {
    const sent = gate();
    await using server = await serveAsgi(async (_scope, receive, send) => {
      void send(START);
      void send(PIECE('x'));
      while ((await receive()).type !== 'http.disconnect');
      for (let i = 0; i < 10; i++) void send(PIECE('y'));
      sent.open();
    });
    const client = await server.connect();
    client.send(get());
    await client.until('x');
    client.destroy();
    await sent.promise;
    expect(server.errors).toEqual([]);
  });
});

describe('a client that ends its side of the connection', () => {
  test('gets its answer from an application that does not ask whether it is still there', async () => {
    const go = gate();
    await using server = await serveAsgi(async (_scope, receive, send) => {
      await receive();
      await go.promise;
      await respond(send, 'still here');
    });
    const client = await server.connect();
    client.send(get());
    client.end();
    await until(() => server.worker.stats().active === 1);
    go.open();
    await client.until(/still here$/);
  });

  test('has left for one that asks; it is told by a status that nginx has for this', async () => {
    await using server = await serveAsgi(async (_scope, receive) => {
      while ((await receive()).type !== 'http.disconnect');
    });
    const client = await server.connect();
    client.send(get());
    client.end();
    await client.until(/^HTTP\/1\.1 499 Client Closed Request\r\n/);
    expect(server.errors).toEqual([]);
  });
});

describe('a client that reads slowly', () => {
  test('makes send wait, and little is kept for it', async () => {
    let sent = 0;
    await using server = await serveAsgi(async (_scope, _receive, send) => {
      await send(START);
      for (; sent < 300; sent++) await send(PIECE('x'.repeat(100_000)));
      await send(PIECE('end', false));
    });
    const client = connect({ port: server.port, host: '127.0.0.1' });
    client.pause();
    client.write(get());
    let before = -1;
    await until(() => {
      const stands = sent > 0 && before === sent;
      before = sent;
      return stands;
    });
    expect(sent).toBeLessThan(200);
    let tail = '';
    client.on('data', (chunk) => (tail = tail.slice(-20) + chunk.toString('latin1').slice(-20)));
    client.resume();
    await once(client, 'end');
    expect(tail).toMatch(/end\r\n0\r\n\r\n$/);
    expect(sent).toBe(300);
  });

  test('ends the response of who sends without awaiting, when too much waits', async () => {
    const failure = gate<unknown>();
    await using server = await serveAsgi(async (_scope, _receive, send) => {
      await send(START);
      for (let i = 0; i < 100; i++) send(PIECE('x'.repeat(100_000))).catch(failure.open);
      await new Promise((resolve) => setTimeout(resolve, 50));
      await send(PIECE('end', false));
    });
    const answer = await server.exchange(get());
    expect(await failure.promise).toMatchObject({ code: 'SEND_NOT_AWAITED' });
    expect(answer).not.toMatch(/0\r\n\r\n$/);
    expect(server.errors.join()).toMatch(/await send/);
  });
});

describe('an application that fails', () => {
  test.each<[name: string, app: AsgiApplication]>([
    ['by throwing', () => { throw new Error('no database'); }],
    ['by rejecting', async () => { throw new Error('no database'); }],
    ['after it has started a response', async (_scope, _receive, send) => {
      await send(START);
      throw new Error('no database');
    }],
  ])('%s: 500, and the error is logged', async (_name, app) => {
    await using server = await serveAsgi(app);
    expect(await server.exchange(get())).toMatch(/^HTTP\/1\.1 500 /);
    expect(server.errors).toEqual(['the application failed Error: no database']);
  }); // prettier-ignore

  test('in the middle of a response: the connection is cut', async () => {
    await using server = await serveAsgi(async (_scope, _receive, send) => {
      await send(START);
      await send(PIECE('half'));
      throw new Error('no database');
    });
    expect(bodyOf(await server.exchange(get()))).toBe('4\r\nhalf\r\n');
    expect(server.errors).toEqual(['the application failed Error: no database']);
  });

  test.each<[name: string, status: RegExp, code: string, events: AsgiSendEvent[]]>([
    ['without a response: 500', /^HTTP\/1\.1 500/, 'returned without a response', []],
    ['without a body: 500', /^HTTP\/1\.1 500/, 'returned without a response', [START]],
    ['without the end of a body: the connection is cut', /4\r\nhalf\r\n$/, 'in the middle of its response', [START, PIECE('half')]],
  ])('by returning %s', async (_name, answer, message, events) => {
    await using server = await serveAsgi(async (_scope, _receive, send) => {
      for (const event of events) await send(event);
    });
    expect(await server.exchange(get())).toMatch(answer);
    expect(server.errors.join()).toMatch(message);
  }); // prettier-ignore

  test('that returns nothing to be awaited is told so as well', async () => {
    await using server = await serveAsgi((() => undefined) as unknown as AsgiApplication);
    expect(await server.exchange(get())).toMatch(/^HTTP\/1\.1 500/);
    expect(server.errors.join()).toMatch(/without a response/);
  });
});

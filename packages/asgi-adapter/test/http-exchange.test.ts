import type { AsgiApplication, AsgiReceiveEvent, AsgiSendEvent, HttpScope } from '@highball/gateway-protocol';
import { describe, expect, test } from 'vitest';
import { AsgiProtocolError, fromAsgi } from '../src/index.ts';
import {
  bodyOf,
  gate,
  get,
  PIECE,
  readBody,
  request,
  respond,
  serve,
  serveAsgi,
  START,
  until,
} from './support.ts';

describe('a response', () => {
  test('of one piece has its length', async () => {
    await using server = await serveAsgi((_scope, _receive, send) => respond(send, 'hello'));
    expect(await server.exchange(get())).toBe(
      'HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\nServer: highball\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello',
    );
  });

  test('of an application that awaits nothing is there when it returns', () => {
    const app: AsgiApplication = (_scope, _receive, send) => {
      void send({ type: 'http.response.start', status: 204 });
      return send({ type: 'http.response.body' });
    };
    const { application } = fromAsgi(app);
    const environ = { REQUEST_METHOD: 'GET', SCRIPT_NAME: '', PATH_INFO: '/', SERVER_PROTOCOL: 'HTTP/1.1' };
    const started: unknown[] = [];
    const body = application(environ as never, (...args) => (started.push(args), () => undefined));
    expect(body).toEqual([new Uint8Array()]);
    expect(started).toEqual([['204 No Content', []]]);
  });

  test('of several pieces is chunked, and each leaves at once', async () => {
    const go = gate();
    await using server = await serveAsgi(async (_scope, _receive, send) => {
      await send(START);
      await send(PIECE('one'));
      await go.promise;
      await send(PIECE(''));
      await send(PIECE('two', false));
    });
    const client = await server.connect();
    client.send(get());
    await client.until('3\r\none\r\n');
    go.open();
    await client.until(/3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n$/);
  });

  test('keeps repeated fields, and leaves out Transfer-Encoding', async () => {
    await using server = await serveAsgi(async (_scope, _receive, send) => {
      const headers: [string, string][] = [
        ['set-cookie', 'a=1'],
        ['transfer-encoding', 'chunked'],
        ['set-cookie', 'b=2'],
      ];
      await send({ type: 'http.response.start', status: 404, headers });
      await send(PIECE('no', false));
    });
    const answer = await server.exchange(get());
    expect(answer).toMatch(/^HTTP\/1\.1 404 Not Found\r\nset-cookie: a=1\r\nset-cookie: b=2\r\n/);
    expect(answer).not.toMatch(/transfer-encoding/i);
  });

  test.each(['one piece', 'several'])(
    'to HEAD of %s has the head that GET would get, and no body',
    async (kind) => {
      const sent = gate();
      await using server = await serveAsgi(async (_scope, _receive, send) => {
        await send(START);
        if (kind === 'several') for (let i = 0; i < 10; i++) await send(PIECE('more '));
        await send(PIECE('last', false));
        sent.open();
      });
      const answer = await server.exchange(request('HEAD', '/'));
      expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\ncontent-type: text\/plain\r\n/);
      expect(bodyOf(answer)).toBe('');
      await sent.promise;
      expect(server.errors).toEqual([]);
    },
  );

  test('with trailers has them behind its body', async () => {
    await using server = await serveAsgi(async (scope, _receive, send) => {
      expect((scope as HttpScope).extensions).toHaveProperty(['http.response.trailers']);
      await send({
        type: 'http.response.start',
        status: 200,
        headers: [['trailer', 'x-sum']],
        trailers: true,
      });
      await send(PIECE('body', false));
      await send({ type: 'http.response.trailers', headers: [['x-sum', '1']], more_trailers: true });
      await send({ type: 'http.response.trailers', headers: [['x-more', '2']] });
    });
    expect(await server.exchange(get())).toMatch(/4\r\nbody\r\n0\r\nx-sum: 1\r\nx-more: 2\r\n\r\n$/);
  });

  test('can have early hints before it', async () => {
    await using server = await serveAsgi(async (_scope, _receive, send) => {
      await send({
        type: 'http.response.early_hint',
        links: ['</a.css>; rel=preload', '</b.js>; rel=preload'],
      });
      await respond(send, 'x');
    });
    expect(await server.exchange(get())).toMatch(
      /^HTTP\/1\.1 103 Early Hints\r\nLink: <\/a\.css>; rel=preload\r\nLink: <\/b\.js>; rel=preload\r\n\r\nHTTP\/1\.1 200 OK/,
    );
  });

  test('may be followed by work of which nobody waits for the end', async () => {
    const done = gate();
    await using server = await serveAsgi(async (_scope, _receive, send) => {
      await respond(send, 'x');
      await done.promise;
      throw new Error('in the background');
    });
    expect(bodyOf(await server.exchange(get()))).toBe('x');
    expect(server.errors).toEqual([]);
    done.open();
    await until(() => server.errors.length > 0);
    expect(server.errors[0]).toMatch(/failed at GET \/: Error: in the background/);
  });
});

describe('the body of a request', () => {
  const echo: AsgiApplication = async (_scope, receive, send) => respond(send, await readBody(receive));

  test('comes in pieces', async () => {
    await using server = await serveAsgi(echo);
    const big = 'x'.repeat(300_000);
    expect(bodyOf(await server.exchange(request('POST', '/', [], big)))).toBe(big);
  });

  test('comes without a length as well', async () => {
    await using server = await serveAsgi(echo);
    const chunked = request('POST', '/', ['Transfer-Encoding: chunked']);
    expect(bodyOf(await server.exchange(`${chunked}3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n`))).toBe('abcde');
  });

  test('that is not there is one empty piece', async () => {
    const events: AsgiReceiveEvent[] = [];
    await using server = await serveAsgi(async (_scope, receive, send) => {
      events.push(await receive());
      await respond(send, 'x');
      events.push(await receive(), await receive());
    });
    await server.exchange(get());
    await until(() => events.length === 3);
    expect(events).toEqual([
      { type: 'http.request', body: new Uint8Array(), more_body: false },
      { type: 'http.disconnect' },
      { type: 'http.disconnect' },
    ]);
  });

  test('says with its last piece that it is the last, when its length is known', async () => {
    const events: AsgiReceiveEvent[] = [];
    await using server = await serveAsgi(async (_scope, receive, send) => {
      events.push(await receive());
      await respond(send, 'x');
    });
    await server.exchange(request('POST', '/', [], 'abc'));
    expect(events).toMatchObject([{ type: 'http.request', more_body: false }]);
  });

  test('is not read ahead of the application', async () => {
    const go = gate();
    await using server = await serveAsgi(async (_scope, receive, send) => {
      await go.promise;
      await respond(send, String((await readBody(receive)).length));
    });
    const client = await server.connect();
    client.send(request('POST', '/', ['Content-Length: 30000000']));
    client.send(Buffer.alloc(30_000_000));
    let before = -1;
    await until(() => {
      const stands = before === client.socket.writableLength;
      before = client.socket.writableLength;
      return stands;
    });
    expect(before).toBeGreaterThan(10_000_000);
    go.open();
    await client.until(/\r\n\r\n30000000$/);
  });

  test('asks the client to go on only when the application reads', async () => {
    await using server = await serveAsgi(async (scope, receive, send) =>
      respond(send, (scope as HttpScope).path === '/read' ? await readBody(receive) : 'unread'),
    );
    const client = await server.connect();
    client.send(request('POST', '/read', ['Content-Length: 2', 'Expect: 100-continue']));
    await client.until('100 Continue');
    client.send('hi');
    await client.until(/\r\n\r\nhi$/);
    const answer = await server.exchange(request('POST', '/', ['Content-Length: 2', 'Expect: 100-continue']));
    expect(answer).toMatch(/^HTTP\/1\.1 200/);
  });

  test('calls of receive that do not wait for one another are served in turn', async () => {
    const got = gate<AsgiReceiveEvent[]>();
    await using server = await serveAsgi(async (_scope, receive, send) => {
      got.open(await Promise.all([receive(), receive()]));
      await respond(send, 'x');
    });
    const client = await server.connect();
    client.send(request('POST', '/', ['Content-Length: 4']));
    client.send('ab');
    await new Promise((resolve) => setTimeout(resolve, 20));
    client.send('cd');
    expect(
      (await got.promise).map((event) => 'body' in event && Buffer.from(event.body as Uint8Array).toString()),
    ).toEqual(['ab', 'cd']);
  });
});

test('who asks behind the end of a body, before it has come, hears of the end of the response next', async () => {
  const got = gate<AsgiReceiveEvent[]>();
  await using server = await serveAsgi(async (_scope, receive, send) => {
    const first = receive();
    const second = receive();
    const piece = await first;
    await respond(send, 'x');
    got.open([piece, await second]);
  });
  const client = await server.connect();
  client.send(request('POST', '/', ['Content-Length: 2']));
  await until(() => server.worker.stats().active === 1);
  client.send('ab');
  expect(await got.promise).toMatchObject([
    { type: 'http.request', more_body: false },
    { type: 'http.disconnect' },
  ]);
});

describe('an event that makes no sense is refused:', () => {
  test.each<[name: string, code: string, events: unknown[]]>([
    ['a second start', 'UNEXPECTED_EVENT', [START, START]],
    ['a body before the start', 'UNEXPECTED_EVENT', [PIECE('x')]],
    ['a body behind the end', 'UNEXPECTED_EVENT', [START, PIECE('x', false), PIECE('y')]],
    ['trailers that were not announced', 'UNEXPECTED_EVENT', [START, { type: 'http.response.trailers', headers: [] }]],
    ['early hints behind the head', 'UNEXPECTED_EVENT', [START, PIECE('x'), { type: 'http.response.early_hint', links: [] }]],
    ['an event of another scope', 'UNEXPECTED_EVENT', [{ type: 'websocket.accept' }]],
    ['an event without a type', 'UNEXPECTED_EVENT', [{}]],
    ['a status of 1xx', 'BAD_EVENT', [{ type: 'http.response.start', status: 101 }]],
    ['a status of text', 'BAD_EVENT', [{ type: 'http.response.start', status: '200' }]],
    ['a body of text', 'BAD_EVENT', [START, { type: 'http.response.body', body: 'x' }]],
  ])('%s', async (_name, code, events) => {
    const failure = gate<AsgiProtocolError>();
    await using server = await serveAsgi(async (_scope, _receive, send) => {
      const last = events.pop() as AsgiSendEvent;
      for (const event of events) await send(event as AsgiSendEvent);
      await send(last).catch(failure.open);
      throw new Error('stop');
    });
    await server.exchange(get());
    const error = await failure.promise;
    expect(error).toBeInstanceOf(AsgiProtocolError);
    expect(error.code).toBe(code);
  }); // prettier-ignore

  test('and the reason stands behind the 500 of who has not noticed', async () => {
    let cause: unknown;
    const { application } = fromAsgi(async (_scope, _receive, send) => void send(PIECE('x')));
    await using server = await serve(async (environ, start) => {
      try {
        return await application(environ, start);
      } catch (error) {
        ({ cause } = error as Error);
        throw error;
      }
    });
    await server.exchange(get());
    expect(cause).toMatchObject({ code: 'UNEXPECTED_EVENT' });
  });

  test('a field that cannot be sent', async () => {
    const failure = gate<Error>();
    await using server = await serveAsgi(async (_scope, _receive, send) => {
      await send({ type: 'http.response.start', status: 200, headers: [['x', 'a\r\nb']] });
      await send(PIECE('x', false)).catch(failure.open);
    });
    expect(await server.exchange(get())).toMatch(/^HTTP\/1\.1 500/);
    expect(await failure.promise).toBeInstanceOf(Error);
  });
});

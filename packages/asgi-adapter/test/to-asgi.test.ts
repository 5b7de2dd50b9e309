import type {
  Application,
  AsgiReceiveEvent,
  AsgiSendEvent,
  Environ,
  HttpScope,
  ResponseBody,
} from '@highball/gateway-protocol';
import { once } from 'node:events';
import { describe, expect, test } from 'vitest';
import { ClientDisconnected, toAsgi } from '../src/index.ts';

const SCOPE: HttpScope = {
  type: 'http',
  asgi: { version: '3.0', spec_version: '2.5' },
  http_version: '1.1',
  method: 'GET',
  scheme: 'http',
  path: '/',
  raw_path: '/',
  query_string: '',
  root_path: '',
  headers: [],
  client: ['192.0.2.1', 4711],
  server: ['example.org', 8000],
  extensions: { 'http.response.trailers': {}, 'http.response.early_hint': {} },
};

interface Run {
  events: AsgiSendEvent[];
  error: unknown;
}

/** Runs a call-shaped application for one scope, by hand. */
async function run(
  app: Application,
  scope: Partial<HttpScope> = {},
  received: AsgiReceiveEvent[] = [{ type: 'http.request', body: new Uint8Array(), more_body: false }],
  goneAfter = Infinity,
): Promise<Run> {
  const events: AsgiSendEvent[] = [];
  let error: unknown;
  const receive = async (): Promise<AsgiReceiveEvent> => received.shift() ?? { type: 'http.disconnect' };
  const send = async (event: AsgiSendEvent): Promise<void> => {
    if (events.length >= goneAfter) throw new ClientDisconnected();
    events.push(event);
  };
  try {
    await toAsgi(app)({ ...SCOPE, ...scope }, receive, send);
  } catch (thrown) {
    error = thrown;
  }
  return { events, error };
}

/** The bodies of the events, as text. */
function textsOf(events: AsgiSendEvent[]): string[] {
  return events.flatMap((event) =>
    event.type === 'http.response.body' ? [Buffer.from(event.body ?? []).toString()] : [],
  );
}

async function environOf(scope: Partial<HttpScope>): Promise<Environ> {
  let environ: Environ | undefined;
  await run((asked, start) => {
    environ = asked;
    start('204 No Content', []);
    return [];
  }, scope);
  return environ as Environ;
}

describe('environ', () => {
  test('tells of the request what the scope tells', async () => {
    expect(
      await environOf({
        method: 'POST',
        http_version: '2',
        scheme: 'https',
        path: '/app/café',
        raw_path: '/app/caf%C3%A9',
        root_path: '/app',
        query_string: 'a=%20b',
        headers: [
          ['host', 'example.org'],
          ['content-type', 'text/plain'],
          ['content-length', '3'],
          ['accept', 'a'],
          ['accept', 'b'],
          ['cookie', 'x=1'],
          ['cookie', 'y=2'],
          ['x-under_score', 'spoofed'],
          ['proxy', 'http://evil.example'],
        ],
      }),
    ).toMatchObject({
      REQUEST_METHOD: 'POST',
      SCRIPT_NAME: '/app',
      PATH_INFO: '/caf\xc3\xa9',
      QUERY_STRING: 'a=%20b',
      RAW_URI: '/app/caf%C3%A9?a=%20b',
      SERVER_NAME: 'example.org',
      SERVER_PORT: '8000',
      SERVER_PROTOCOL: 'HTTP/2',
      REMOTE_ADDR: '192.0.2.1',
      REMOTE_PORT: '4711',
      HTTPS: 'on',
      HTTP_HOST: 'example.org',
      CONTENT_TYPE: 'text/plain',
      CONTENT_LENGTH: '3',
      HTTP_ACCEPT: 'a,b',
      HTTP_COOKIE: 'x=1; y=2',
      'wsgi.url_scheme': 'https',
      'wsgi.version': [1, 0],
    });
  });

  test('leaves out fields that would be taken for others', async () => {
    const environ = await environOf({ headers: [['x_user', 'root'], ['proxy', 'http://evil.example']] }); // prettier-ignore
    expect(Object.keys(environ)).not.toContain('HTTP_X_USER');
    expect(Object.keys(environ)).not.toContain('HTTP_PROXY');
  });

  test('has the bytes of a path that is no UTF-8', async () => {
    expect(await environOf({ path: '/\ufffd', raw_path: '/%ff' })).toMatchObject({ PATH_INFO: '/\xff' });
  });

  test.each([
    ['/app', '/app', ''],
    ['/app/', '/app', '/'],
    ['/application', '/app', '/application'],
    ['/x', '', '/x'],
  ])('of %s below %s has the path %s', async (path, rootPath, expected) => {
    expect(await environOf({ path, raw_path: path, root_path: rootPath })).toMatchObject({
      PATH_INFO: expected,
    });
  });

  test('does without addresses', async () => {
    const environ = await environOf({ client: null, server: null, headers: [['host', 'example.org:8080']] });
    expect(environ).toMatchObject({
      REMOTE_ADDR: '',
      REMOTE_PORT: '',
      SERVER_NAME: 'example.org',
      SERVER_PORT: '80',
    });
  });
});

describe('wsgi.input', () => {
  const PIECES = ['ab', '', 'c\nde', 'f\n', 'g'];
  async function reading<Value>(read: (environ: Environ) => Promise<Value>): Promise<Value | undefined> {
    let got: Value | undefined;
    const received: AsgiReceiveEvent[] = PIECES.map((piece, i) => ({
      type: 'http.request',
      body: Buffer.from(piece),
      more_body: i + 1 < PIECES.length,
    }));
    const { error } = await run(
      async (environ, start) => {
        got = await read(environ);
        start('204 No Content', []);
        return [];
      },
      {},
      received,
    );
    if (error !== undefined) throw error;
    return got;
  }
  const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();

  test('is read to its end, or in parts of a size', async () => {
    expect(
      await reading(async ({ 'wsgi.input': input }) => [
        text(await input.read(0)),
        text(await input.read(1)),
        text(await input.read(3)),
        text(await input.read()),
        text(await input.read()),
      ]),
    ).toEqual(['', 'a', 'bc\n', 'def\ng', '']);
  });

  test('is read line by line', async () => {
    expect(
      await reading(async ({ 'wsgi.input': input }) => [
        text(await input.readline()),
        text(await input.readline(2)),
        text(await input.readline()),
        text(await input.readline()),
        text(await input.readline()),
      ]),
    ).toEqual(['abc\n', 'de', 'f\n', 'g', '']);
  });

  test('is read as lines, up to a hint', async () => {
    expect(
      await reading(async ({ 'wsgi.input': input }) => [
        (await input.readlines(1)).map(text),
        (await input.readlines()).map(text),
      ]),
    ).toEqual([['abc\n'], ['def\n', 'g']]);
  });

  test('is iterated over in the pieces that came', async () => {
    expect(
      await reading(async ({ 'wsgi.input': input }) => {
        const pieces: string[] = [];
        for await (const piece of input) pieces.push(text(piece));
        return pieces;
      }),
    ).toEqual(['ab', 'c\nde', 'f\n', 'g']);
  });

  test('is read by one reader at a time', async () => {
    await expect(
      reading(({ 'wsgi.input': input }) => Promise.all([input.read(), input.read()])),
    ).rejects.toMatchObject({ code: 'CONCURRENT_READ' });
  });

  test('fails when the client leaves in the middle', async () => {
    const received: AsgiReceiveEvent[] = [
      { type: 'http.request', body: Buffer.from('ab'), more_body: true },
      { type: 'http.disconnect' },
    ];
    const { error } = await run(async (environ) => [await environ['wsgi.input'].read()], {}, received);
    expect(error).toBeInstanceOf(ClientDisconnected);
  });
});

describe('a response', () => {
  test('of an array is sent with its length, and its names in lower case', async () => {
    const { events } = await run((_environ, start) => {
      start('404 Not Found', [['Content-Type', 'text/plain']]);
      return ['né', '', Buffer.from('in')];
    });
    expect(events).toEqual([
      {
        type: 'http.response.start',
        status: 404,
        headers: [
          ['content-type', 'text/plain'],
          ['content-length', '5'],
        ],
        trailers: false,
      },
      { type: 'http.response.body', body: Buffer.from('né'), more_body: true },
      { type: 'http.response.body', body: Buffer.from('in'), more_body: false },
    ]);
  });

  test.each<[name: string, body: () => ResponseBody]>([
    ['a generator', () => (function* body() { yield 'a'; yield ''; yield 'b'; })()],
    ['an async generator', () => (async function* body() { yield 'a'; yield ''; yield 'b'; })()],
  ])('of %s is sent piece by piece', async (_name, body) => {
    const { events } = await run((_environ, start) => (start('200 OK', []), body()));
    expect(textsOf(events)).toEqual(['a', 'b', '']);
    expect(events.at(-1)).toMatchObject({ more_body: false });
  }); // prettier-ignore

  test('sends its head with the first piece that is not empty, and not before', async () => {
    const seen: number[] = [];
    const events: AsgiSendEvent[] = [];
    const app: Application = (_environ, start) => {
      start('200 OK', []);
      return (function* body() {
        seen.push(events.length);
        yield '';
        seen.push(events.length);
        yield 'x';
        seen.push(events.length);
      })();
    };
    const receive = async (): Promise<AsgiReceiveEvent> => ({ type: 'http.disconnect' });
    await toAsgi(app)(SCOPE, receive, async (event) => void events.push(event));
    expect(seen).toEqual([0, 0, 2]);
  });

  test('by write() comes before what is returned', async () => {
    const { events } = await run(async (_environ, start) => {
      const write = start('200 OK', []);
      await write('a');
      void write('b');
      return ['c'];
    });
    expect(textsOf(events)).toEqual(['a', 'b', 'c']);
  });

  test('is replaced as long as nothing was sent, by who has an error', async () => {
    const { events } = await run((_environ, start) => {
      start('200 OK', []);
      start('500 Internal Server Error', [], new Error('x'));
      return ['sorry'];
    });
    expect(events[0]).toMatchObject({ status: 500 });
  });

  test('is not replaced once something was sent: the error is thrown', async () => {
    const { events, error } = await run(async (_environ, start) => {
      await start('200 OK', [])('a');
      start('500 Internal Server Error', [], new Error('too late'));
      return [];
    });
    expect(events[0]).toMatchObject({ status: 200 });
    expect(error).toMatchObject({ message: 'too late' });
  });

  test.each<[code: string, app: Application]>([
    ['START_RESPONSE_TWICE', (_environ, start) => { start('200 OK', []); start('200 OK', []); return []; }],
    ['NO_START_RESPONSE', () => ['x']],
    ['NO_START_RESPONSE', () => []],
    ['BAD_EVENT', (_environ, start) => { start('OK', []); return []; }],
    ['BAD_EVENT', (_environ, start) => { start('101 Switching Protocols', []); return []; }],
    ['BAD_BODY', (_environ, start) => { start('200 OK', []); return Buffer.from('x') as unknown as string[]; }],
    ['BAD_BODY', (_environ, start) => { start('200 OK', []); return undefined as unknown as string[]; }],
    ['BAD_BODY', (_environ, start) => { start('200 OK', []); return [7 as unknown as string]; }],
  ])('that breaks the contract fails with %s', async (code, app) => {
    expect((await run(app)).error).toMatchObject({ name: 'AsgiProtocolError', code });
  }); // prettier-ignore

  test('has trailers behind it', async () => {
    const { events } = await run((environ, start) => {
      start('200 OK', []);
      environ['highball.send_trailers']?.([['x-sum', '1']]);
      return ['x'];
    });
    expect(events[0]).toMatchObject({ trailers: true });
    expect(events.at(-1)).toEqual({
      type: 'http.response.trailers',
      headers: [['x-sum', '1']],
      more_trailers: false,
    });
  });

  test('that names trailers in its head may send them late', async () => {
    const { events } = await run((environ, start) => {
      start('200 OK', [['Trailer', 'x-sum']]);
      return (function* body() {
        yield 'x';
        environ['highball.send_trailers']?.([['x-sum', '1']]);
      })();
    });
    expect(events.at(-1)).toMatchObject({ headers: [['x-sum', '1']] });
  });

  test('has early hints before it: their Link fields', async () => {
    const { events } = await run((environ, start) => {
      environ['wsgi.early_hints']?.([
        ['Link', '</a.css>'],
        ['X', 'y'],
      ]);
      start('200 OK', []);
      return ['x'];
    });
    expect(events[0]).toEqual({ type: 'http.response.early_hint', links: ['</a.css>'] });
  });

  test('of a server without extensions has neither', async () => {
    const environ = await environOf({ extensions: {} });
    expect(environ).not.toHaveProperty(['wsgi.early_hints']);
    expect(environ).not.toHaveProperty(['highball.send_trailers']);
  });
});

describe('close() of a body is called once', () => {
  const closing = (calls: string[], pieces: Iterable<string> | AsyncIterable<string>): ResponseBody =>
    Object.assign(pieces, { close: () => void calls.push('close') }) as ResponseBody;

  test.each([
    ['at its end', Infinity],
    ['when the client leaves', 2],
  ])('%s', async (_name, goneAfter) => {
    for (const pieces of [
      ['a', 'b'],
      (function* body() { yield 'a'; yield 'b'; })(),
      (async function* body() { yield 'a'; yield 'b'; })(),
    ]) {
      const calls: string[] = [];
      await run((_environ, start) => (start('200 OK', []), closing(calls, pieces)), {}, undefined, goneAfter);
      expect(calls).toEqual(['close']);
    }
  }); // prettier-ignore

  test('when it throws', async () => {
    const calls: string[] = [];
    const body = (function* body() {
      yield 'a';
      throw new Error('x');
    })();
    const { error } = await run((_environ, start) => (start('200 OK', []), closing(calls, body)));
    expect(calls).toEqual(['close']);
    expect(error).toMatchObject({ message: 'x' });
  });
});

describe('highball.signal', () => {
  test('is aborted when the client leaves, once the body was read', async () => {
    let reason: unknown;
    await run(async (environ, start) => {
      const signal = environ['highball.signal']?.() as AbortSignal;
      expect(signal.aborted).toBe(false);
      await environ['wsgi.input'].read();
      if (!signal.aborted) await once(signal, 'abort');
      ({ reason } = signal);
      start('204 No Content', []);
      return [];
    });
    expect(reason).toBeInstanceOf(ClientDisconnected);
  });
});

test('a WebSocket is refused', async () => {
  const sent: AsgiSendEvent[] = [];
  const { method: _method, ...scope } = {
    ...SCOPE,
    type: 'websocket',
    scheme: 'ws',
    subprotocols: [],
  } as const;
  await toAsgi(() => [])(scope, async () => ({ type: 'websocket.connect' }), async (event) => void sent.push(event)); // prettier-ignore
  expect(sent).toEqual([{ type: 'websocket.close' }]);
});

test('a scope that nobody knows is refused', async () => {
  const scope = { ...SCOPE, type: 'telnet' } as unknown as HttpScope;
  const { error } = await run(() => [], scope);
  expect(error).toMatchObject({ code: 'UNKNOWN_SCOPE' });
});

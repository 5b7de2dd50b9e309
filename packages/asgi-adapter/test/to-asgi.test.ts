import type { AsgiReceiveEvent, AsgiSendEvent, Environ, HttpScope } from '@highball/gateway-protocol';
import { describe, expect, test } from 'vitest';
import { ClientDisconnected, toAsgi } from '../src/index.ts';
import { environOf, run, SCOPE } from './to-asgi-support.ts';

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

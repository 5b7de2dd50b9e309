import type { Application, AsgiReceiveEvent, AsgiSendEvent, ResponseBody } from '@highball/gateway-protocol';
import { once } from 'node:events';
import { describe, expect, test } from 'vitest';
import { ClientDisconnected, toAsgi } from '../src/index.ts';
import { environOf, run, SCOPE, textsOf } from './to-asgi-support.ts';

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

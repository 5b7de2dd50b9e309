import zlib from 'node:zlib';
import type { Application, ResponseBody } from '@highball/gateway-protocol';
import { describe, expect, test } from 'vitest';
import { answering, compressed, environOf, iteratorOf, piecewise, play, TEXT } from './support.ts';

/** What a client can read of a body that is not complete. */
function decodeSoFar(coding: string, pieces: readonly Uint8Array[]): string {
  const bytes = Buffer.concat(pieces);
  const { constants } = zlib;
  if (coding === 'gzip') return zlib.gunzipSync(bytes, { finishFlush: constants.Z_SYNC_FLUSH }).toString();
  if (coding === 'br')
    return zlib.brotliDecompressSync(bytes, { finishFlush: constants.BROTLI_OPERATION_FLUSH }).toString();
  return zlib.zstdDecompressSync(bytes, { finishFlush: constants.ZSTD_e_flush }).toString();
}

const ignoring = (): (() => void) => () => undefined;

/** The body that an application gives, behind the middleware. */
async function bodyOf(app: Application, options = {}, fields = {}): Promise<ResponseBody> {
  return await compressed(app, options)(environOf(fields), ignoring);
}

describe('a body that comes piece by piece', () => {
  test.each(['gzip', 'br', 'zstd'])(
    'leaves as %s piece by piece: each can be read at once',
    async (coding) => {
      const body = await bodyOf(answering(piecewise('data: one\n\n', 'data: two\n\n', 'data: three\n\n')), {}, {
      HTTP_ACCEPT_ENCODING: coding,
    }); // prettier-ignore
      const iterator = iteratorOf(body);
      const pieces: Uint8Array[] = [];
      let soFar = '';
      for (const text of ['one', 'two', 'three']) {
        pieces.push((await iterator.next()).value as Uint8Array);
        soFar += `data: ${text}\n\n`;
        expect(decodeSoFar(coding, pieces)).toBe(soFar);
      }
      pieces.push((await iterator.next()).value as Uint8Array);
      expect((await iterator.next()).done).toBe(true);
      expect(decodeSoFar(coding, pieces)).toBe(soFar);
    },
  );

  test('is not asked for a piece before the client has taken the one before', async () => {
    let asked = 0;
    const body = await bodyOf(
      answering(
        (async function* () {
          for (;;) yield `${asked++} ${TEXT}`;
        })(),
      ),
    );
    expect(asked).toBe(0);
    const iterator = iteratorOf(body);
    await iterator.next();
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(asked).toBe(1);
    await iterator.next();
    expect(asked).toBe(2);
    await iterator.return?.();
  });

  test('of a generator that is not asynchronous is the same', async () => {
    const generator = function* (): Generator<string> {
      yield TEXT;
      yield TEXT;
    };
    const played = await play(compressed(answering(generator())));
    expect(played.text).toBe(TEXT + TEXT);
    expect(played.pieces.length).toBeGreaterThanOrEqual(2);
  });

  test('gives its empty pieces on: they may be a sign of life', async () => {
    const iterator = iteratorOf(await bodyOf(answering(piecewise('', 'a'))));
    expect((await iterator.next()).value).toBe('');
    expect((await iterator.next()).value).toHaveProperty('length');
  });
});

describe('an application that begins its answer with the first piece', () => {
  const late = (type: string, body: string[]): Application =>
    function* (_, startResponse): Generator<string> {
      startResponse('200 OK', [['Content-Type', type]]);
      yield* body;
    };
  const lateAsync = (type: string, body: string[]): Application =>
    async function* (_, startResponse): AsyncGenerator<string> {
      startResponse('200 OK', [['Content-Type', type]]);
      yield* body;
    };

  test.each([
    ['synchronous', late],
    ['asynchronous', lateAsync],
  ])('is served, %s', async (_, make) => {
    const encoded = await play(compressed(make('text/plain', ['one ', 'two'])));
    expect(encoded.field('Content-Encoding')).toBe('gzip');
    expect(encoded.text).toBe('one two');
    const plain = await play(compressed(make('image/png', ['one ', 'two'])));
    expect(plain.headers).toEqual([['Content-Type', 'image/png']]);
    expect(plain.pieces.map(String)).toEqual(['one ', 'two']);
    const empty = await play(compressed(make('text/plain', [])));
    expect(empty.field('Content-Encoding')).toBeUndefined();
    expect(empty.status).toBe('200 OK');
  });

  test('and fails at once has its body closed', async () => {
    let closed = 0;
    const app: Application = () => ({
      [Symbol.iterator]: () => ({
        next: () => {
          throw new Error('no');
        },
      }),
      close: () => void closed++,
    });
    expect(() => compressed(app)(environOf(), ignoring)).toThrow('no');
    expect(closed).toBe(1);
  });
});

describe('write()', () => {
  test('is encoded in order with the body, each piece at once', async () => {
    const seen: string[] = [];
    const sent: Uint8Array[] = [];
    const app = compressed(async (_, startResponse) => {
      const write = startResponse('200 OK', [['Content-Type', 'text/plain']]);
      await write('one ');
      seen.push(decodeSoFar('gzip', sent));
      // Not waited for: the order is kept all the same.
      void write('two ');
      void write('');
      void write(Buffer.from('three '));
      return piecewise('four ', 'five');
    });
    const body = await app(environOf(), () => (chunk) => void sent.push(chunk as Uint8Array));
    for await (const piece of body) sent.push(piece as Uint8Array);
    await body.close?.();
    expect(seen).toEqual(['one ']);
    expect(decodeSoFar('gzip', sent)).toBe('one two three four five');
  });

  test('waits for the client, as the write of the server does', async () => {
    let caughtUp = (): void => undefined;
    const app = compressed(async (_, startResponse) => {
      const write = startResponse('200 OK', [['Content-Type', 'text/plain']]);
      await write(TEXT);
      order.push('written');
      return [];
    });
    const order: string[] = [];
    const body = app(environOf(), () => () => new Promise((resolve) => (caughtUp = resolve)));
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(order).toEqual([]);
    caughtUp();
    await body;
    expect(order).toEqual(['written']);
  });

  test.each([
    ['a string', 'end'],
    ['an array', ['en', 'd']],
    ['nothing', []],
  ])('may be followed by %s', async (_, rest) => {
    const app = compressed((_, startResponse) => {
      void startResponse('200 OK', [['Content-Type', 'text/plain']])(TEXT);
      return rest as string[];
    });
    expect((await play(app)).text).toBe(TEXT + (rest.length === 0 ? '' : 'end'));
  });

  test('that fails is told by the body, if nobody has waited for it', async () => {
    const app = compressed((_, startResponse) => {
      void startResponse('200 OK', [['Content-Type', 'text/plain']])(TEXT);
      return [];
    });
    const body = await app(environOf(), () => () => Promise.reject(new Error('gone')));
    // Meanwhile it is no unhandled rejection, which would end the process.
    await new Promise((resolve) => setTimeout(resolve, 30));
    await expect(iteratorOf(body).next()).rejects.toThrow('gone');
  });
});

describe('the promised length', () => {
  test.each([
    ['shorter', 'less'],
    ['longer', 'more'],
  ])('a body that is %s than Content-Length says must not look complete', async (_, which) => {
    const length = TEXT.length + (which === 'less' ? 1 : -1);
    const app = compressed(answering(piecewise(TEXT), [['Content-Length', String(length)]]));
    await expect(play(app)).rejects.toMatchObject({ name: 'CompressionError', code: 'BODY_LENGTH' });
  });

  test('holds over write and body together', async () => {
    const app = (length: number): Application =>
      compressed((_, startResponse) => {
        void startResponse('200 OK', [['Content-Type', 'text/plain'], ['Content-Length', String(length)]])(TEXT); // prettier-ignore
        return [TEXT];
      });
    expect((await play(app(20_000))).text).toBe(TEXT + TEXT);
    await expect(play(app(20_001))).rejects.toMatchObject({ code: 'BODY_LENGTH' });
  });
});

describe('errors', () => {
  test('of the body come through, and nothing stays open', async () => {
    const options = { maxConcurrent: 1 };
    const middleware = compressed((environ, startResponse) => {
      const fails = environ.PATH_INFO === '/fails';
      const body = async function* (): AsyncGenerator<string> {
        yield TEXT;
        if (fails) throw new Error('the database is gone');
      };
      return answering(body())(environ, startResponse) as ResponseBody;
    }, options);
    await expect(play(middleware, environOf({ PATH_INFO: '/fails' }))).rejects.toThrow(
      'the database is gone',
    );
    expect((await play(middleware)).field('Content-Encoding')).toBe('gzip');
  });

  test('a page in place of an answer that has not begun is encoded by its own head', async () => {
    const app = compressed((_, startResponse) => {
      startResponse('200 OK', [['Content-Type', 'image/png']]);
      startResponse('500 Internal Server Error', [['Content-Type', 'text/html']], new Error('late'));
      return [TEXT];
    });
    const played = await play(app);
    expect([played.status, played.field('Content-Encoding')]).toEqual(['500 Internal Server Error', 'gzip']);
    expect(played.text).toBe(TEXT);
  });

  test('a page in place of a body that is passed on is passed on too', async () => {
    const app = compressed((_, startResponse) => {
      startResponse('200 OK', [['Content-Type', 'image/png']]);
      return (function* () {
        startResponse('500 Internal Server Error', [['Content-Type', 'text/html']], new Error('late'));
        yield TEXT;
      })();
    });
    const played = await play(app);
    expect(played.status).toBe('500 Internal Server Error');
    expect(played.field('Content-Encoding')).toBeUndefined();
    expect(played.body.toString()).toBe(TEXT);
  });

  test('a page in place of an answer that is on its way throws the error, as PEP 3333 has it', async () => {
    const app = compressed((_, startResponse) => {
      startResponse('200 OK', [['Content-Type', 'text/html']]);
      return (function* () {
        yield TEXT;
        startResponse('500 Internal Server Error', [['Content-Type', 'text/html']], new Error('late'));
      })();
    });
    await expect(play(app)).rejects.toThrow('late');
  });

  test('a second start_response without an error reaches the server, which has the words for it', async () => {
    const app = compressed((_, startResponse) => {
      startResponse('200 OK', [['Content-Type', 'text/html']]);
      startResponse('404 Not Found', [['Content-Type', 'text/html']]);
      return [];
    });
    let calls = 0;
    const server = (): (() => void) => {
      if (++calls === 2) throw new Error('twice');
      return () => undefined;
    };
    expect(() => app(environOf(), server)).toThrow('twice');
  });

  test('an application that never begins its answer is for the server to complain of', async () => {
    for (const body of [[TEXT], [], TEXT as never]) expect(await bodyOf(() => body)).toBe(body);
    const pieces = iteratorOf(await bodyOf(() => piecewise(TEXT)));
    expect(await pieces.next()).toEqual({ done: false, value: TEXT });
  });

  test('a piece that is none is an error of the application', async () => {
    const app = compressed(answering(piecewise(TEXT, 7 as never)));
    await expect(play(app)).rejects.toMatchObject({ code: 'BAD_BODY' });
  });

  test('what is no head reaches the server, which has the words for it', () => {
    for (const [status, headers] of [
      [200, []],
      ['200 OK', 'Vary: a'],
      ['200 OK', [['a', 1]]],
    ] as never[][]) {
      const seen: unknown[] = [];
      const app = compressed((_, startResponse) => {
        startResponse(status as never, headers as never);
        return [];
      });
      void app(environOf(), (...given) => {
        seen.push(...given);
        return () => undefined;
      });
      expect(seen).toEqual([status, headers, undefined]);
    }
  });

  test('what is no body reaches the server, which has the words for it', async () => {
    for (const body of [undefined, 7, new Uint8Array(2000), [7]]) {
      expect(await bodyOf(answering(body as never))).toBe(body);
    }
  });
});

describe('the cap on encoders', () => {
  test('beyond it answers go as they are; a place is free again at the end, and at close', async () => {
    const app = compressed(
      (environ, startResponse) => answering(piecewise(TEXT, TEXT))(environ, startResponse),
      {
        maxConcurrent: 2,
      },
    );
    const begin = async (): Promise<{ body: ResponseBody; iterator: AsyncIterator<unknown> }> => {
      const body = await app(environOf(), ignoring);
      const iterator = iteratorOf(body);
      await iterator.next();
      return { body, iterator };
    };
    const [first, second] = [await begin(), await begin()];
    const third = await play(app);
    expect(third.field('Content-Encoding')).toBeUndefined();
    expect(third.field('Vary')).toBe('Accept-Encoding');
    expect(third.text).toBe(TEXT + TEXT);
    await first.body.close?.();
    expect((await play(app)).field('Content-Encoding')).toBe('gzip');
    await second.iterator.return?.();
    const again = [await begin(), await begin()];
    expect((await play(app)).field('Content-Encoding')).toBeUndefined();
    await second.body.close?.();
    for (const { body } of again) await body.close?.();
    const both = [await begin(), await begin()];
    expect((await play(app)).field('Content-Encoding')).toBeUndefined();
    for (const { body } of both) await body.close?.();
  });

  test('write() beyond it goes as it is', async () => {
    const app = compressed(
      (_, startResponse) => {
        void startResponse('200 OK', [['Content-Type', 'text/plain']])(TEXT);
        return ['end'];
      },
      { maxConcurrent: 0 },
    );
    const played = await play(app);
    expect(played.field('Content-Encoding')).toBeUndefined();
    expect(played.text).toBe(`${TEXT}end`);
  });

  test('a place is free again when the application fails behind its write()', async () => {
    let fails = true;
    const app = compressed(
      async (_, startResponse) => {
        await startResponse('200 OK', [['Content-Type', 'text/plain']])(TEXT);
        if (fails) throw new Error('no');
        return [];
      },
      { maxConcurrent: 1 },
    );
    await expect(play(app)).rejects.toThrow('no');
    fails = false;
    expect((await play(app)).field('Content-Encoding')).toBe('gzip');
  });

  test('no place is taken when the server refuses the head', async () => {
    const app = compressed(answering(piecewise(TEXT)), { maxConcurrent: 1 });
    const body = await app(environOf(), () => {
      throw new Error('bad head');
    });
    await expect(iteratorOf(body).next()).rejects.toThrow('bad head');
    const again = compressed((environ, start) => answering(piecewise(TEXT))(environ, start), {
      maxConcurrent: 1,
    });
    expect((await play(again)).field('Content-Encoding')).toBe('gzip');
  });
});

test('close and return in the middle of a piece end it without an error', async () => {
  const body = await bodyOf(answering([TEXT.repeat(100)]), { syncMaxBytes: 0 });
  const pending = iteratorOf(body).next();
  await body.close?.();
  expect(await pending).toEqual({ done: true, value: undefined });
});

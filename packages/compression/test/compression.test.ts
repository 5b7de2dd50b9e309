import { readFileSync } from 'node:fs';
import type { HeaderList } from '@highball/gateway-protocol';
import { describe, expect, test } from 'vitest';
import { CompressionOptionError, compression } from '../src/index.ts';
import { answering, compressed, environOf, piecewise, play, TEXT } from './support.ts';

describe('a whole body', () => {
  test.each(['gzip', 'br', 'zstd'])(
    'is encoded as %s at once, so that a synchronous application stays so',
    async (coding) => {
      const app = compressed(answering([TEXT], [['Content-Length', String(TEXT.length)]]));
      const played = await play(app, environOf({ HTTP_ACCEPT_ENCODING: coding }));
      expect(played.field('Content-Encoding')).toBe(coding);
      expect(played.text).toBe(TEXT);
      expect(played.synchronous).toBe(true);
      expect(played.field('Content-Length')).toBe(String(played.body.length));
      expect(played.body.length).toBeLessThan(3000);
      expect(played.field('Vary')).toBe('Accept-Encoding');
    },
  );

  test('without Content-Length gets none: the server counts, or has trailers to send', async () => {
    expect((await play(compressed(answering([TEXT])))).field('Content-Length')).toBeUndefined();
  });

  test('of several pieces, texts and bytes, becomes one', async () => {
    const played = await play(compressed(answering(['ä'.repeat(600), Buffer.from(TEXT), ''])));
    expect(played.text).toBe('ä'.repeat(600) + TEXT);
    expect(played.pieces).toHaveLength(1);
  });

  test('that is a string is one too', async () => {
    expect((await play(compressed(answering(TEXT as never)))).text).toBe(TEXT);
  });

  test('beyond syncMaxBytes is encoded off the loop, without a flush for each piece', async () => {
    const pieces = Array.from({ length: 100 }, () => TEXT.slice(0, 100));
    const app = answering(pieces);
    const whole = await play(compressed(app));
    const later = await play(compressed(app, { syncMaxBytes: 5000 }));
    const flushed = await play(compressed(answering(piecewise(...pieces))));
    expect(later.synchronous).toBe(false);
    expect(later.text).toBe(whole.text);
    expect(later.body.length).toBeLessThan(whole.body.length + 50);
    expect(flushed.body.length).toBeGreaterThan(whole.body.length + 300);
  });

  test('of some megabytes comes out right, in pieces of bounded size', async () => {
    const large = Buffer.from(TEXT.repeat(300));
    const played = await play(compressed(answering([large])));
    expect(played.text).toBe(large.toString());
    const noise = Buffer.from(Array.from({ length: 1_500_000 }, (_, i) => (i * i * 2_654_435_761) >>> 24));
    const loud = await play(compressed(answering([noise]), { syncMaxBytes: 1000 }));
    expect(Math.max(...loud.pieces.map(({ length }) => length))).toBeLessThan(400_000);
  });

  test('that would not get smaller goes as it is', async () => {
    const noise = crypto.getRandomValues(new Uint8Array(4000));
    const played = await play(compressed(answering([noise], [['ETag', '"a"']])));
    expect(played.field('Content-Encoding')).toBeUndefined();
    expect(played.field('ETag')).toBe('"a"');
    expect(played.field('Vary')).toBe('Accept-Encoding');
    expect(played.body).toEqual(Buffer.from(noise));
  });

  test('is closed once, when it is encoded too', async () => {
    let closed = 0;
    const body = Object.assign([TEXT], { close: () => void closed++ });
    expect((await play(compressed(answering(body)))).field('Content-Encoding')).toBe('gzip');
    expect(closed).toBe(1);
    // A server need not wait for the end of what has none.
    expect(compressed(answering([TEXT]))(environOf(), () => () => undefined)).not.toHaveProperty('close');
  });
});

describe('what is left alone', () => {
  const alone: [string, HeaderList, string?][] = [
    ['what is encoded already', [['Content-Encoding', 'br']]],
    [
      'a part of an image',
      [
        ['content-type', 'image/png'],
        ['Content-Range', 'bytes 0-1/9'],
      ],
      '206 Partial Content',
    ],
    ['what must not be transformed', [['Cache-Control', 'public, no-transform']]],
    ['what a digest was made of', [['Repr-Digest', 'sha-256=:AA==:']]],
    ['a type that is compressed by itself', [['content-type', 'image/png']]],
    ['205', [], '205 Reset Content'],
  ];
  test.each(alone)('%s', async (_, headers, status) => {
    const fields: HeaderList = [['Content-Length', String(TEXT.length)], ['ETag', '"a"'], ...headers]; // prettier-ignore
    const played = await play(compressed(answering([TEXT], fields, status)));
    expect(played.headers).toEqual([['Content-Type', 'text/plain; charset=utf-8'], ...fields]);
    expect(played.body.toString()).toBe(TEXT);
  });

  test.each<[string, HeaderList]>([
    ['one part', [['Content-Range', 'bytes 0-1/9']]],
    ['several', [['content-type', 'multipart/byteranges; boundary=a']]],
    [
      'one of what varies by something else',
      [
        ['Content-Range', 'bytes 0-1/9'],
        ['Vary', 'Cookie'],
      ],
    ],
  ])('%s; but it varies as the whole does (RFC 9110 §15.3.7)', async (_, headers) => {
    const played = await play(
      compressed(answering([TEXT], [['ETag', '"a"'], ...headers], '206 Partial Content')),
    );
    expect(played.body.toString()).toBe(TEXT);
    expect(played.field('ETag')).toBe('"a"');
    expect(played.field('Vary')).toMatch(/(^|, )Accept-Encoding$/);
  });

  test('an answer without a type', async () => {
    const app = compressed((_, startResponse) => {
      startResponse('200 OK', []);
      return [TEXT];
    });
    expect((await play(app)).headers).toEqual([]);
  });

  test('what the client does not want encoded; but it is said that it depends on that', async () => {
    for (const accept of [undefined, 'identity', 'gzip;q=0, deflate']) {
      const played = await play(compressed(answering([TEXT])), environOf({ HTTP_ACCEPT_ENCODING: accept }));
      expect(played.body.toString()).toBe(TEXT);
      expect(played.field('Vary')).toBe('Accept-Encoding');
      expect(played.field('Content-Encoding')).toBeUndefined();
    }
  });

  test('what the client wants nobody to transform', async () => {
    const environ = environOf({ HTTP_CACHE_CONTROL: 'no-transform' });
    expect((await play(compressed(answering([TEXT])), environ)).field('Content-Encoding')).toBeUndefined();
  });

  test('a body below minBytes, whether its length is told or not', async () => {
    for (const headers of [[], [['Content-Length', '1023']]] as HeaderList[]) {
      const played = await play(compressed(answering(['a'.repeat(1023)], headers)));
      expect(played.field('Content-Encoding')).toBeUndefined();
      expect(played.field('Content-Length')).toBe(headers[0]?.[1]);
    }
    expect((await play(compressed(answering(['a'.repeat(1024)])))).field('Content-Encoding')).toBe('gzip');
    const told = piecewise('a'.repeat(1023));
    expect((await play(compressed(answering(told, [['Content-Length', '1023']])))).body).toHaveLength(1023);
  });

  test('but not a small one, when the client refuses what is not encoded', async () => {
    const environ = environOf({ HTTP_ACCEPT_ENCODING: 'gzip, identity;q=0' });
    const played = await play(compressed(answering(['small'])), environ);
    expect(played.field('Content-Encoding')).toBe('gzip');
    expect(played.text).toBe('small');
  });

  test('everything, when the client refuses all there is: of more use than 406', async () => {
    const environ = environOf({ HTTP_ACCEPT_ENCODING: '*;q=0' });
    expect((await play(compressed(answering([TEXT])), environ)).body.toString()).toBe(TEXT);
  });

  test('an empty body, whole or in pieces', async () => {
    for (const body of [[], [''], piecewise(), piecewise('', '')]) {
      const played = await play(compressed(answering(body)));
      expect(played.body).toHaveLength(0);
      expect(played.field('Content-Encoding')).toBeUndefined();
    }
  });

  test('a length that is not true: the server would not see it behind the encoding', async () => {
    const played = await play(compressed(answering([TEXT], [['Content-Length', '20000']])));
    expect(played.field('Content-Length')).toBe('20000');
    expect(played.body.toString()).toBe(TEXT);
  });
});

describe('opting out (BREACH)', () => {
  test('by a function of the request', async () => {
    const skip = (environ: { PATH_INFO: string }): boolean => environ.PATH_INFO === '/account';
    const app = compressed(answering([TEXT]), { skip });
    const played = await play(app, environOf({ PATH_INFO: '/account' }));
    expect(played.headers).toEqual([['Content-Type', 'text/plain; charset=utf-8']]);
    expect((await play(app)).field('Content-Encoding')).toBe('gzip');
  });

  test('by the application, in environ', async () => {
    const app = compressed((environ, startResponse) => {
      environ['highball.no_compression'] = true;
      return answering([TEXT])(environ, startResponse) as string[];
    });
    expect((await play(app)).headers).toEqual([['Content-Type', 'text/plain; charset=utf-8']]);
  });

  test('by the application behind a middleware that copies environ: a field that is not sent', async () => {
    const played = await play(compressed(answering([TEXT], [['content-encoding', 'Identity']])));
    expect(played.headers).toEqual([['Content-Type', 'text/plain; charset=utf-8']]);
    expect(played.body.toString()).toBe(TEXT);
  });
});

describe('HEAD', () => {
  const head = environOf({ REQUEST_METHOD: 'HEAD' });

  test.each([
    ['with a length and no body', () => answering([], [['Content-Length', '10000'], ['ETag', '"a"']])], // prettier-ignore
    ['with the body of GET', () => answering([TEXT], [['ETag', '"a"']])],
    ['of a body in pieces', () => answering(piecewise(TEXT), [['ETag', '"a"']])],
  ])('%s says what GET would, and nothing is encoded', async (_, app) => {
    const played = await play(compressed(app()), head);
    expect(played.field('Content-Encoding')).toBe('gzip');
    expect(played.field('Content-Length')).toBeUndefined();
    expect(played.field('ETag')).toBe('W/"a"');
    expect(played.body).toHaveLength(0);
  });

  test('of what is small, or unknown, stays as it is', async () => {
    for (const headers of [[], [['Content-Length', '1000']]] as HeaderList[]) {
      const played = await play(compressed(answering([], headers)), head);
      expect(played.field('Content-Encoding')).toBeUndefined();
      expect(played.field('Content-Length')).toBe(headers[0]?.[1]);
    }
  });

  test('closes the body that it does not ask', async () => {
    let closed = 0;
    const body = Object.assign(piecewise(TEXT), { close: () => void closed++ });
    await play(compressed(answering(body)), head);
    expect(closed).toBe(1);
  });
});

describe('304', () => {
  const notModified = (ifNoneMatch: string, headers: HeaderList): ReturnType<typeof play> =>
    play(
      compressed((_, startResponse) => {
        startResponse('304 Not Modified', headers);
        return [];
      }),
      environOf({ HTTP_IF_NONE_MATCH: ifNoneMatch }),
    );

  test('has the weak tag for a client that has the encoded answer', async () => {
    const played = await notModified('"x", W/"a"', [['ETag', '"a"']]);
    expect(played.field('ETag')).toBe('W/"a"');
    expect(played.field('Vary')).toBe('Accept-Encoding');
  });

  test('has the strong tag for a client that has the plain one', async () => {
    const played = await notModified('"a"', [['ETag', '"a"'], ['Vary', 'Cookie']]); // prettier-ignore
    expect(played.field('ETag')).toBe('"a"');
    expect(played.field('Vary')).toBe('Cookie, Accept-Encoding');
  });

  test('of a type that is never encoded is left alone', async () => {
    const headers: HeaderList = [['ETag', '"a"'], ['Content-Type', 'image/png']]; // prettier-ignore
    expect((await notModified('W/"a"', headers)).headers).toEqual(headers);
  });
});

test('204 and CONNECT pass', async () => {
  const nothing = await play(compressed(answering([], [], '204 No Content')));
  expect(nothing.headers).toEqual([['Content-Type', 'text/plain; charset=utf-8']]);
  const tunnel = await play(compressed(answering([TEXT])), environOf({ REQUEST_METHOD: 'CONNECT' }));
  expect(tunnel.body.toString()).toBe(TEXT);
});

test('an error page is compressed like any other', async () => {
  expect((await play(compressed(answering([TEXT], [], '404 Not Found')))).text).toBe(TEXT);
});

describe('options', () => {
  test('the order of codings decides between equals; others are not used', async () => {
    const environ = environOf({ HTTP_ACCEPT_ENCODING: 'gzip, br, zstd' });
    expect((await play(compressed(answering([TEXT])), environ)).field('Content-Encoding')).toBe('zstd');
    const app = compressed(answering([TEXT]), { codings: ['gzip', 'br'] });
    expect((await play(app, environ)).field('Content-Encoding')).toBe('gzip');
    const zstd = environOf({ HTTP_ACCEPT_ENCODING: 'zstd' });
    expect((await play(app, zstd)).field('Content-Encoding')).toBeUndefined();
  });

  test.each([
    ['zstd', 3, 131_000, 132_000],
    ['gzip', 5, 50_000, 51_000],
    ['br', 5, 34_000, 35_000],
    ['br', 11, 400, 401],
  ] as const)('%s %d encodes %d bytes at once, and %d off the loop', async (coding, level, few, many) => {
    const environ = environOf({ HTTP_ACCEPT_ENCODING: coding });
    const options = { minBytes: 0, levels: { [coding]: level } };
    const isAtOnce = async (size: number): Promise<boolean> => {
      const played = await play(compressed(answering(['a'.repeat(size)]), options), environ);
      expect(played.text).toHaveLength(size);
      return played.synchronous;
    };
    expect([await isAtOnce(few), await isAtOnce(many)]).toEqual([true, false]);
  });

  test.each(['gzip', 'br', 'zstd'] as const)(
    'a higher level of %s makes less, at once and in pieces',
    async (coding) => {
      const environ = environOf({ HTTP_ACCEPT_ENCODING: coding });
      const source = readFileSync(import.meta.filename);
      const sizes = async (level: number): Promise<number[]> => {
        const options = { levels: { [coding]: level } };
        const whole = await play(compressed(answering([source]), options), environ);
        const pieces = await play(compressed(answering(piecewise(source)), options), environ);
        return [whole.body.length, pieces.body.length];
      };
      const [low, high] = [await sizes(1), await sizes(9)];
      expect(high[0]).toBeLessThan(low[0] as number);
      expect(high[1]).toBeLessThan(low[1] as number);
    },
  );

  test('types are what the function says', async () => {
    const app = compressed(answering([TEXT], [['Content-Type', 'X/y; a=b']]), {
      types: (type) => type === 'x/y',
    });
    expect((await play(app)).field('Content-Encoding')).toBe('gzip');
  });

  test.each([
    [{ codings: ['deflate'] }, "codings has 'deflate'"],
    [{ codings: ['gzip', 'gzip'] }, 'codings has one twice'],
    [{ levels: { gzip: 10 } }, 'levels.gzip is from 1 to 9, not 10'],
    [{ levels: { zstd: 20 } }, 'levels.zstd is from 1 to 19, not 20'],
    [{ levels: { br: 1.5 } }, 'levels.br'],
    [{ levels: { lzma: 1 } }, "levels has 'lzma'"],
    [{ minBytes: -1 }, 'minBytes'],
    [{ syncMaxBytes: Number.NaN }, 'syncMaxBytes'],
    [{ maxConcurrent: -1 }, 'maxConcurrent'],
  ])('%j is refused when the middleware is made', (options, message) => {
    expect(() => compression(options as never)).toThrow(CompressionOptionError);
    expect(() => compression(options as never)).toThrow(message);
  });
});

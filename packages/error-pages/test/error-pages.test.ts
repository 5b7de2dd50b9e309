import type { Application, HeaderList, ResponseBody } from '@highball/gateway-protocol';
import { describe, expect, test } from 'vitest';
import { errorPage, errorPages } from '../src/index.ts';
import { answering, BROWSER, environOf, piecewise, play } from './support.ts';

const DESIGNED = errorPage(404, BROWSER).body;
const TEXT: HeaderList = [['Content-Type', 'text/plain; charset=utf-8']];

describe('gets a page', () => {
  test.each<[string, HeaderList, () => ResponseBody]>([
    ['no body', [], () => []],
    ['empty pieces', TEXT, () => ['', new Uint8Array()]],
    ['a string that is empty', [], () => '' as never],
    ['a generator without pieces', TEXT, () => [][Symbol.iterator]()],
    ['a generator of empty pieces', TEXT, () => ['', ''].values()],
    ['an asynchronous body without pieces', TEXT, () => piecewise()],
    ['an asynchronous body of empty pieces', TEXT, () => piecewise('', '')],
    ['the status line, as servers and routers say it', TEXT, () => ['404 Not Found\n']],
    ['the status line as bytes', TEXT, () => [Buffer.from('404 Not Found')]],
    ['the reason, as node:http frameworks say it', TEXT, () => ['Not Found']],
    ['a length of 0', [['Content-Length', '0']], () => []],
  ])('an error with %s', async (_, headers, body) => {
    const played = await play(errorPages()(answering('404 Not Found', headers, body())));
    expect(played.status).toBe('404 Not Found');
    expect(played.body).toBe(DESIGNED);
    expect(played.field('Content-Type')).toBe('text/html; charset=utf-8');
    expect(played.field('Content-Length')).toBe(String(Buffer.byteLength(DESIGNED)));
    expect(played.field('Vary')).toBe('Accept');
  });

  test('without a promise, where the application needs none', async () => {
    expect((await play(errorPages()(answering('404 Not Found', [], [])))).synchronous).toBe(true);
  });

  test('in the form that the client likes', async () => {
    const app = errorPages()(answering('403 Forbidden', [], []));
    const json = await play(app, environOf({ HTTP_ACCEPT: 'application/json' }));
    expect(JSON.parse(json.body)).toMatchObject({ status: 403, title: 'Forbidden' });
    const text = await play(app, environOf({ HTTP_ACCEPT: undefined }));
    expect(text.body).toMatch(/^403 Forbidden\n/);
  });

  test('with the name of the request, if the server gave it one; never what the client says', async () => {
    const app = errorPages()(answering('500 Internal Server Error', [], []));
    expect((await play(app, environOf({ 'highball.request_id': 'r-77' }))).body).toContain(
      '<code>r-77</code>',
    );
    expect((await play(app, environOf({ HTTP_X_REQUEST_ID: 'r-77' }))).body).not.toContain('r-77');
    for (const id of ['', 7]) {
      expect((await play(app, environOf({ 'highball.request_id': id }))).body).not.toContain('<footer>');
    }
    const own = errorPages({ requestId: (environ) => environ['HTTP_X_TRACE'] as string });
    const played = await play(own(answering('500 A', [], [])), environOf({ HTTP_X_TRACE: 't-1' }));
    expect(played.body).toContain('t-1');
  });

  test('with the time to wait', async () => {
    const app = (value: string): Application => errorPages()(answering('503 Service Unavailable', [['Retry-After', value]], [])); // prettier-ignore
    expect((await play(app('17'))).body).toContain('in 17 seconds');
    const dated = await play(app('Fri, 31 Dec 1999 23:59:59 GMT'));
    expect(dated.body).toContain('in a moment');
    expect(dated.field('Retry-After')).toBe('Fri, 31 Dec 1999 23:59:59 GMT');
  });
});

test('fields of the error stay, those of the body that is not sent go', async () => {
  const kept: HeaderList = [
    ['Allow', 'GET'],
    ['WWW-Authenticate', 'Basic'],
    ['Retry-After', '3'],
    ['Cache-Control', 'no-store'],
    ['Set-Cookie', 'a=1'],
    ['Set-Cookie', 'b=2'],
    ['Content-Range', 'bytes */9'],
    ['Vary', 'Origin'],
  ];
  const gone: HeaderList = [
    ['content-type', 'text/plain'],
    ['Content-Length', '0'],
    ['ETag', '"a"'],
    ['Last-Modified', 'Fri, 31 Dec 1999 23:59:59 GMT'],
    ['Content-Security-Policy', "default-src 'self'"],
    ['x-content-type-options', 'nosniff'],
  ];
  const { headers } = await play(
    errorPages()(answering('416 Range Not Satisfiable', [...kept, ...gone], [])),
  );
  expect(headers.slice(0, kept.length)).toEqual(kept);
  expect(headers.slice(kept.length).map(([name]) => name)).toEqual([
    'Content-Type',
    'X-Content-Type-Options',
    'Content-Security-Policy',
    'Content-Length',
    'Vary',
  ]);
});

test.each(['Accept', 'Cookie, accept', '*'])(
  'Vary: %s says already that it depends on Accept',
  async (vary) => {
    const played = await play(errorPages()(answering('404 Not Found', [['Vary', vary]], [])));
    expect(played.field('Vary')).toBe(vary);
  },
);

describe('is left alone', () => {
  test.each<[string, string, HeaderList, () => ResponseBody]>([
    ['an answer that is no error', '204 No Content', [], () => []],
    ['a redirect', '302 Found', [['Location', '/']], () => []],
    ['an error with a body', '404 Not Found', TEXT, () => ['No such user.']],
    ['an error with a longer body', '404 Not Found', TEXT, () => ['404 Not Found: there is no such user.']],
    ['an error with a body in two pieces', '404 Not Found', TEXT, () => ['Not ', 'Found']],
    ['an error with a body of a generator', '404 Not Found', TEXT, () => ['', 'Not', ' Found'].values()],
    ['an error with an asynchronous body', '404 Not Found', TEXT, () => piecewise('', 'No such user.')],
    ['a text that is another status', '404 Not Found', TEXT, () => ['403 Forbidden']],
    ['HTML that says the status', '404 Not Found', [['Content-Type', 'text/html']], () => ['Not Found']],
    ['what is encoded', '404 Not Found', [['Content-Encoding', 'x']], () => ['404 Not Found']],
    ['what a client left behind', '499 Client Closed Request', [], () => []],
  ])('%s', async (_, status, headers, body) => {
    const bare = await play(answering(status, headers, body()));
    const played = await play(errorPages()(answering(status, headers, body())));
    expect([played.status, played.headers, played.body]).toEqual([bare.status, bare.headers, bare.body]);
  });

  test('what is no body at all: the server has the words for it', () => {
    for (const body of [undefined, null, 7, new Uint8Array(3), [7]]) {
      let heads = 0;
      const app = errorPages()(answering('404 Not Found', TEXT, body as never));
      const server = (): (() => void) => {
        heads++;
        return () => undefined;
      };
      expect(app(environOf(), server)).toBe(body);
      expect(heads).toBe(1);
    }
  });

  test('the body of an answer that is no error, as the very same object', () => {
    const body = piecewise('a');
    expect(errorPages()(answering('200 OK', TEXT, body))(environOf(), () => () => undefined)).toBe(body);
  });

  test('what is written by write(), but for empty pieces, which say nothing', async () => {
    const writing = (...pieces: string[]): Application =>
      errorPages()((_, startResponse) => {
        const write = startResponse('404 Not Found', TEXT);
        for (const piece of pieces) void write(piece);
        return [];
      });
    expect((await play(writing('own words'))).body).toBe('own words');
    expect((await play(writing(''))).body).toBe(DESIGNED);
  });

  test('what is written behind an empty piece', async () => {
    const app = errorPages()((_, startResponse) => {
      const write = startResponse('404 Not Found', TEXT);
      void write('');
      void write('own ');
      void write('words');
      return [];
    });
    const played = await play(app);
    expect([played.body, played.headers]).toEqual(['own words', TEXT]);
  });
});

describe('an application that begins its answer with the first piece', () => {
  const apps: [string, (status: string, pieces: string[]) => Application][] = [
    [
      'synchronous',
      (status, pieces) =>
        function* (_, startResponse): Generator<string> {
          startResponse(status, TEXT);
          yield* pieces;
        },
    ],
    [
      'asynchronous',
      (status, pieces) =>
        async function* (_, startResponse): AsyncGenerator<string> {
          startResponse(status, TEXT);
          yield* pieces;
        },
    ],
  ];
  test.each(apps)('is served, %s', async (_, make) => {
    expect((await play(errorPages()(make('404 Not Found', [])))).body).toBe(DESIGNED);
    expect((await play(errorPages()(make('404 Not Found', ['own ', 'words'])))).body).toBe('own words');
    expect((await play(errorPages()(make('200 OK', ['a', 'b'])))).body).toBe('ab');
    const all = errorPages({ intercept: 'all' });
    expect((await play(all(make('404 Not Found', ['own ', 'words'])))).body).toBe(DESIGNED);
    expect((await play(all(make('200 OK', ['a', 'b'])))).body).toBe('ab');
  });
});

describe("intercept: 'all'", () => {
  const all = errorPages({ intercept: 'all' });

  test('tells a generator whose answer is replaced that nobody asks any more', async () => {
    const ended: string[] = [];
    const app: Application = function* (_, startResponse): Generator<string> {
      startResponse('404 Not Found', TEXT);
      try {
        yield 'own';
        yield 'words';
      } finally {
        ended.push('synchronous');
      }
    };
    const asynchronous: Application = async function* (_, startResponse): AsyncGenerator<string> {
      startResponse('404 Not Found', TEXT);
      try {
        yield 'own';
        yield 'words';
      } finally {
        ended.push('asynchronous');
      }
    };
    expect((await play(all(app))).body).toBe(DESIGNED);
    expect((await play(all(asynchronous))).body).toBe(DESIGNED);
    expect(ended).toEqual(['synchronous', 'asynchronous']);
  });

  test('replaces errors with a body too, and closes that unread', async () => {
    let asked = 0;
    let closed = 0;
    const body = {
      async *[Symbol.asyncIterator]() {
        asked++;
        yield 'own words';
      },
      close: () => void closed++,
    };
    expect((await play(all(answering('404 Not Found', TEXT, body)))).body).toBe(DESIGNED);
    expect([asked, closed]).toEqual([0, 1]);
  });

  test('replaces what is written', async () => {
    const app = all((_, startResponse) => {
      void startResponse('404 Not Found', TEXT)('own words');
      return ['and more'];
    });
    expect((await play(app)).body).toBe(DESIGNED);
  });

  test('leaves alone what is no error', async () => {
    expect((await play(all(answering('200 OK', TEXT, ['a'])))).body).toBe('a');
  });
});

describe('HEAD', () => {
  const head = environOf({ REQUEST_METHOD: 'HEAD' });

  test('gets the fields of the page, and not the page', async () => {
    for (const body of [[], ['404 Not Found\n']]) {
      const played = await play(errorPages()(answering('404 Not Found', [], body)), head);
      expect(played.body).toBe('');
      expect(played.field('Content-Length')).toBe(String(Buffer.byteLength(DESIGNED)));
    }
  });

  test('of an error that has a body for GET is left alone', async () => {
    for (const headers of [TEXT, [['Content-Length', '12']]] as HeaderList[]) {
      for (const body of [[], piecewise()]) {
        const played = await play(errorPages()(answering('404 Not Found', headers, body)), head);
        expect(played.headers).toEqual(headers);
      }
    }
  });

  test('of any error is replaced where all are', async () => {
    const app = errorPages({ intercept: 'all' })(answering('404 Not Found', TEXT, piecewise('own')));
    const played = await play(app, head);
    expect([played.field('Content-Type'), played.body]).toEqual(['text/html; charset=utf-8', '']);
  });
});

describe('start_response', () => {
  test('may replace an error by another before either is sent', async () => {
    const app = errorPages()((_, startResponse) => {
      startResponse('404 Not Found', []);
      startResponse('500 Internal Server Error', [], new Error('no'));
      return [];
    });
    const played = await play(app);
    expect(played.status).toBe('500 Internal Server Error');
    expect(played.body).toContain('Something went wrong');
  });

  test('twice without an error reaches the server, which has the words for it', () => {
    const app = errorPages()((_, startResponse) => {
      startResponse('404 Not Found', []);
      startResponse('404 Not Found', []);
      return [];
    });
    let calls = 0;
    const server = (): (() => void) => {
      if (++calls === 2) throw new Error('twice');
      return () => undefined;
    };
    expect(() => app(environOf(), server)).toThrow('twice');
  });

  test('for an error in place of a body that is on its way is passed on', async () => {
    const app = errorPages()((_, startResponse) => {
      startResponse('200 OK', TEXT);
      return (function* () {
        startResponse('500 Internal Server Error', [], new Error('late'));
        yield* [];
      })();
    });
    expect((await play(app)).status).toBe('500 Internal Server Error');
  });
});

describe('close', () => {
  test('of the body that is replaced or passed on is called once', async () => {
    for (const pieces of [[], ['own words']]) {
      for (const make of [
        (): ResponseBody => [...pieces],
        () => pieces.values(),
        () => piecewise(...pieces),
      ]) {
        let closed = 0;
        const body = Object.assign(make(), { close: () => void closed++ });
        await play(errorPages()(answering('404 Not Found', TEXT, body)));
        expect(closed).toBe(1);
      }
    }
  });

  test('is called for a body that fails at its first piece', () => {
    let closed = 0;
    const body = {
      [Symbol.iterator]: () => ({
        next: () => {
          throw new Error('no');
        },
      }),
      close: () => void closed++,
    };
    const app = errorPages()(answering('404 Not Found', TEXT, body));
    expect(() => app(environOf(), () => () => undefined)).toThrow('no');
    expect(closed).toBe(1);
  });

  test('an asynchronous body that nobody asks any more is told so', async () => {
    let ended = false;
    const source = async function* (): AsyncGenerator<string> {
      try {
        yield 'own';
        yield 'words';
      } finally {
        ended = true;
      }
    };
    const app = errorPages()(answering('404 Not Found', TEXT, source()));
    const body = (await app(environOf(), () => () => undefined)) as AsyncGenerator<string>;
    expect(await body.next()).toEqual({ done: false, value: 'own' });
    await body.return(undefined);
    expect(ended).toBe(true);
    expect(await body.next()).toEqual({ done: true, value: undefined });
  });
});

test('an error of the application stays an error: the server logs it', async () => {
  const app = errorPages()(() => {
    throw new Error('no');
  });
  expect(() => app(environOf(), () => () => undefined)).toThrow('no');
  await expect(play(errorPages()(() => Promise.reject(new Error('no'))))).rejects.toThrow('no');
});

test('a generator that has only empty pieces cannot hold up the loop', () => {
  const endless = function* (): Generator<string> {
    for (;;) yield '';
  };
  const app = errorPages()(answering('404 Not Found', TEXT, endless()));
  expect(app(environOf(), () => () => undefined)).toBeDefined();
});

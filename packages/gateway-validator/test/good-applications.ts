import { createHash } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Application, BodyChunk, HeaderList, ResponseBody } from '@highball/gateway-protocol';

const TEXT: HeaderList = [['Content-Type', 'text/plain; charset=utf-8']];

/** What a correct application answers to one request over the wire. */
export interface GoodApplication {
  readonly app: Application;
  /** Defaults to a GET. */
  readonly request?: string;
  /** What the response must hold. */
  readonly answer: string | RegExp;
}

const get = 'GET /a?b=c HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n';
const post =
  'POST /a HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: text/plain\r\nContent-Length: 11\r\n\r\none\ntwo\nend';

/** Correct applications of all kinds, by what is special about them. */
export const goodApplications: Readonly<Record<string, GoodApplication>> = {
  'an array': {
    app: (_environ, start) => {
      start('200 OK', TEXT);
      return ['Hello'];
    },
    answer: /Content-Length: 5\r\n[^]*\r\n\r\nHello$/,
  },
  'an array of several pieces, text and bytes': {
    app: (_environ, start) => {
      start('200 OK', [...TEXT, ['Content-Length', '9']]);
      return ['caf\u00e9', Buffer.from('late')];
    },
    answer: 'late',
  },
  'an array with close': {
    app: (_environ, start) => {
      start('200 OK', TEXT);
      return Object.assign(['Hello'], { close: () => undefined });
    },
    answer: /Content-Length: 5\r\n[^]*Hello$/,
  },
  'no body': {
    app: (_environ, start) => {
      start('303 See Other', [['Location', '/b']]);
      return [];
    },
    answer: 'Location: /b',
  },
  'a 204': {
    app: (_environ, start) => {
      start('204 No Content', [['ETag', '"a"']]);
      return [];
    },
    answer: 'HTTP/1.1 204 No Content',
  },
  'a 304 with the length of what is not sent': {
    app: (_environ, start) => {
      start('304 Not Modified', [['Content-Length', '5']]);
      return [];
    },
    answer: 'HTTP/1.1 304 Not Modified',
  },
  'a HEAD answered like a GET': {
    app: (_environ, start) => {
      start('200 OK', TEXT);
      return ['Hello'];
    },
    request: get.replace('GET', 'HEAD'),
    answer: /Content-Length: 5\r\n[^]*\r\n\r\n$/,
  },
  'a HEAD with the length alone': {
    app: (_environ, start) => {
      start('200 OK', [...TEXT, ['Content-Length', '5']]);
      return [];
    },
    request: get.replace('GET', 'HEAD'),
    answer: /Content-Length: 5\r\n/,
  },
  'a generator that starts lazily': {
    app: function* (_environ, start): Generator<BodyChunk, void> {
      start('200 OK', TEXT);
      yield '';
      yield 'Hel';
      yield 'lo';
    },
    answer: '3\r\nHel\r\n2\r\nlo\r\n0\r\n',
  },
  'an asynchronous generator': {
    app: async function* (_environ, start): AsyncGenerator<BodyChunk, void> {
      await nextTurn();
      start('200 OK', TEXT);
      yield 'Hel';
      await nextTurn();
      yield 'lo';
    },
    answer: '3\r\nHel\r\n2\r\nlo\r\n0\r\n',
  },
  'an asynchronous application': {
    app: async (_environ, start) => {
      await nextTurn();
      start('200 OK', TEXT);
      return ['Hello'];
    },
    answer: /Content-Length: 5\r\n/,
  },
  'a class with an iterator and close': {
    app: (_environ, start) => {
      start('200 OK', TEXT);
      return new Countdown();
    },
    answer: '1\r\n2\r\n1\r\n1\r\n0\r\n',
  },
  'the write callable': {
    app: async (_environ, start) => {
      const write = start('200 OK', TEXT);
      await write('Hel');
      await write('');
      return ['lo'];
    },
    answer: '3\r\nHel\r\n2\r\nlo\r\n0\r\n',
  },
  'an error page in the place of a response': {
    app: (_environ, start) => {
      start('200 OK', [...TEXT, ['Content-Length', '1000']]);
      start('500 Internal Server Error', TEXT, new Error('changed my mind'));
      return ['sorry'];
    },
    answer: /^HTTP\/1.1 500 [^]*sorry$/,
  },
  'a body read whole': {
    app: async (environ, start) => {
      const body = await environ['wsgi.input'].read();
      start('200 OK', TEXT);
      return [createHash('sha1').update(body).digest('hex').slice(0, 7)];
    },
    request: post,
    answer: createHash('sha1').update('one\ntwo\nend').digest('hex').slice(0, 7),
  },
  'a body read by size, by line and by lines': {
    app: async ({ 'wsgi.input': input }, start) => {
      const parts = [await input.read(2), await input.readline(), await input.readline(2)];
      parts.push(
        ...(await input.readlines()),
        await input.read(5),
        await input.readline(),
        await input.read(0),
      );
      start('200 OK', TEXT);
      return [parts.map((part) => Buffer.from(part).toString()).join('|')];
    },
    request: post,
    answer: 'on|e\n|tw|o\n|end|||',
  },
  'an echo, piece by piece': {
    app: (environ, start) => {
      start('200 OK', TEXT);
      return environ['wsgi.input'];
    },
    request: post,
    answer: /one\ntwo\nend\r\n0\r\n/,
  },
  'a body left in the middle': {
    app: async (environ, start) => {
      for await (const piece of environ['wsgi.input']) {
        start('200 OK', TEXT);
        return [`${piece.length > 0}`];
      }
      return [];
    },
    request: post,
    answer: /true$/,
  },
  'the error log': {
    app: (environ, start) => {
      environ['wsgi.errors'].write('');
      environ['wsgi.errors'].writelines(['', '']);
      environ['wsgi.errors'].flush();
      start('200 OK', TEXT);
      return ['logged'];
    },
    answer: /logged$/,
  },
  'early hints': {
    app: (environ, start) => {
      environ['wsgi.early_hints']?.([['Link', '</a.css>; rel=preload']]);
      start('200 OK', TEXT);
      return ['Hello'];
    },
    answer: /^HTTP\/1.1 103 Early Hints\r\nLink: [^]*HTTP\/1.1 200 OK/,
  },
  trailers: {
    app: async function* (environ, start): AsyncGenerator<BodyChunk, void> {
      start('200 OK', TEXT);
      yield 'Hello';
      environ['highball.send_trailers']?.([['X-Checksum', 'abc']]);
    },
    answer: '0\r\nX-Checksum: abc\r\n',
  },
  'trailers of the request': {
    app: async (environ, start) => {
      await environ['wsgi.input'].read();
      start('200 OK', TEXT);
      return [JSON.stringify(environ['highball.trailers']?.())];
    },
    request:
      'POST / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX-Sum: 1\r\n\r\n',
    answer: '[["X-Sum","1"]]',
  },
  'the signal': {
    app: async (environ, start) => {
      const signal = environ['highball.signal']?.();
      start('200 OK', TEXT);
      return [`${signal === environ['highball.signal']?.()} ${signal?.aborted}`];
    },
    answer: 'true false',
  },
  'an upgrade': {
    app: (environ) => {
      const connection = environ['highball.upgrade']?.();
      connection?.socket.end(
        'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\nHello',
      );
      return [];
    },
    request: 'GET / HTTP/1.1\r\nHost: localhost\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n',
    answer: /101 Switching[^]*Hello$/,
  },
  'the target *': {
    app: (environ, start) => {
      start('204 No Content', [['Allow', `GET${environ.PATH_INFO}`]]);
      return [];
    },
    request: get.replace('GET /a?b=c', 'OPTIONS *'),
    answer: 'Allow: GET\r\n',
  },
  'a connection that is to be closed': {
    app: (_environ, start) => {
      start('200 OK', [...TEXT, ['Connection', 'close']]);
      return ['Hello'];
    },
    answer: 'Connection: close',
  },
  'keys of its own in environ': {
    app: (environ, start) => {
      environ['demo.user'] = 'Ada';
      environ.PATH_INFO = '/elsewhere';
      start('200 OK', TEXT);
      return [environ.PATH_INFO];
    },
    answer: /\/elsewhere$/,
  },
  'a client of HTTP/1.0': {
    app: function* (_environ, start): Generator<BodyChunk, void> {
      start('200 OK', TEXT);
      yield 'Hel';
      yield 'lo';
    },
    request: 'GET / HTTP/1.0\r\n\r\n',
    answer: /\r\n\r\nHello$/,
  },
};

/** The request of a good application. */
export function requestOf({ request }: GoodApplication): string {
  return request ?? get;
}

class Countdown implements Iterable<string> {
  #closed = false;

  *[Symbol.iterator](): Generator<string, void> {
    for (let count = 2; count > 0; count--) yield String(count);
  }

  close(): void {
    if (this.#closed) throw new Error('closed twice');
    this.#closed = true;
  }
}

/** A body that gives pieces until it is closed, and tells of that. */
export function endlessBody(closed: () => void): ResponseBody {
  return Object.assign(endless(), { close: closed });
}

async function* endless(): AsyncGenerator<Uint8Array, void> {
  const piece = Buffer.alloc(65_536);
  for (;;) {
    await nextTurn();
    yield piece;
  }
}

import type { Environ, HeaderList, ResponseBody, StartResponse } from '@highball/gateway-protocol';
import type { bodyRules } from '../src/rules/body.ts';
import type { environRules } from '../src/rules/environ.ts';
import type { extensionRules } from '../src/rules/extensions.ts';
import type { headRules } from '../src/rules/head.ts';
import type { streamRules } from '../src/rules/streams.ts';
import {
  collectGarbage,
  type Anything,
  goodEnviron,
  inputOf,
  lenientStart,
  PLAIN,
  play,
  type Trial,
} from './support.ts';

/** Breaks one rule, and nothing else. */
export type Case = (trial: Trial) => unknown;

const bytes = (text: string): Uint8Array => Buffer.from(text);
const hello: Anything = (_environ, start) => {
  start('200 OK', PLAIN);
  return ['Hello'];
};
/** An application that begins a response in some way, and has no body. */
const starts =
  (...args: unknown[]): Case =>
  ({ guard }) =>
    play(
      guard((_environ, start) => {
        (start as (...args: unknown[]) => unknown)(...args);
        return [];
      }),
    );
/** A good application that was given some key of environ. */
const given =
  (changes: Record<string, unknown>): Case =>
  ({ guard }) =>
    play(guard(hello), goodEnviron(changes));
/** An application that answers with this body. */
const answers =
  (body: unknown, headers: HeaderList = PLAIN, status = '200 OK'): Case =>
  ({ guard }) =>
    play(
      guard((_environ, start) => {
        start(status, headers);
        return body;
      }),
    );
/** A good application does something with environ first. */
const uses =
  (use: (environ: Environ) => unknown, changes: Record<string, unknown> = {}): Case =>
  ({ guard }) =>
    play(
      guard(async (environ, start) => {
        await use(environ);
        return hello(environ, start);
      }),
      goodEnviron(changes),
    );
/** A server does something with a good body of two pieces. */
const takes =
  (use: (body: ResponseBody & Iterable<string>) => unknown): Case =>
  ({ guard }) => {
    const body = guard((_environ, start) => {
      start('200 OK', PLAIN);
      return new Map([
        ['a', 'b'],
        ['c', 'd'],
      ]).keys();
    })(goodEnviron(), lenientStart);
    return use(body as ResponseBody & Iterable<string>);
  };
const without = (key: string): Environ => {
  const { [key]: _, ...rest } = goodEnviron();
  return rest as Environ;
};
const closable = (): ResponseBody => Object.assign(['Hello'], { close: () => undefined });

export const environCases: Record<keyof typeof environRules, Case> = {
  CALL_ARGUMENTS: ({ guard }) =>
    (guard(hello) as (...args: unknown[]) => unknown)(goodEnviron(), lenientStart, 1),
  START_NOT_FUNCTION: ({ guard }) => guard(() => new Map().keys())(goodEnviron(), 'start' as never),
  ENVIRON_NOT_PLAIN: ({ guard }) => play(guard(hello), Object.freeze(goodEnviron())),
  ENVIRON_KEY_MISSING: ({ guard }) => play(guard(hello), without('SERVER_NAME')),
  ENVIRON_NOT_STRING: given({ CONTENT_TYPE: 1 }),
  ENVIRON_NOT_LATIN1: given({ PATH_INFO: '/\u20ac' }),
  ENVIRON_METHOD: given({ REQUEST_METHOD: 'GET /' }),
  ENVIRON_SCRIPT_NAME: given({ SCRIPT_NAME: '/' }),
  ENVIRON_PATH_INFO: given({ PATH_INFO: 'page' }),
  ENVIRON_NO_PATH: given({ PATH_INFO: '' }),
  ENVIRON_QUERY_STRING: given({ QUERY_STRING: 'a=b c' }),
  ENVIRON_CONTENT_LENGTH: given({ CONTENT_LENGTH: '+5' }),
  ENVIRON_HTTP_CONTENT: given({ HTTP_CONTENT_TYPE: 'text/plain' }),
  ENVIRON_FIELD_KEY: given({ HTTP_accept: '*/*' }),
  ENVIRON_FIELD_VALUE: given({ HTTP_ACCEPT: 'a\r\nb' }),
  ENVIRON_SERVER_NAME: given({ SERVER_NAME: '' }),
  ENVIRON_SERVER_PORT: given({ SERVER_PORT: 'http' }),
  ENVIRON_SERVER_PROTOCOL: given({ SERVER_PROTOCOL: '1.1' }),
  ENVIRON_REMOTE_PORT: given({ REMOTE_PORT: 'none' }),
  ENVIRON_RAW_URI: given({ RAW_URI: '' }),
  ENVIRON_HTTPS: given({ HTTPS: 'off' }),
  WSGI_VERSION: given({ 'wsgi.version': [1, 1] }),
  WSGI_URL_SCHEME: given({ 'wsgi.url_scheme': 'HTTP' }),
  WSGI_FLAG: given({ 'wsgi.multithread': 1 }),
  WSGI_INPUT: given({ 'wsgi.input': { read: () => undefined } }),
  WSGI_ERRORS: given({ 'wsgi.errors': { write: () => undefined } }),
  OPTIONAL_NOT_FUNCTION: given({ 'wsgi.early_hints': true }),
};

const inputIs = (...pieces: unknown[]): Record<string, unknown> => ({ 'wsgi.input': inputOf(pieces) });

export const streamCases: Record<keyof typeof streamRules, Case> = {
  READ_ARGUMENTS: uses((environ) => (environ['wsgi.input'].read as (...args: number[]) => unknown)(4, 5)),
  READ_SIZE: uses((environ) => environ['wsgi.input'].read(1.5)),
  READ_OVERLAP: uses(({ 'wsgi.input': input }) => Promise.all([input.read(4), input.readline()])),
  READ_AFTER_END: async ({ guard }) => {
    const environ = goodEnviron();
    await play(guard(hello), environ);
    await environ['wsgi.input'].read();
  },
  READ_NO_PROMISE: uses((environ) => environ['wsgi.input'].read(), {
    'wsgi.input': { ...inputOf([]), read: () => bytes('now') },
  }),
  READ_RESULT: uses((environ) => environ['wsgi.input'].read(), inputIs('text')),
  READ_TOO_LONG: uses((environ) => environ['wsgi.input'].read(2), inputIs(bytes('long'))),
  READ_LINE: uses((environ) => environ['wsgi.input'].readline(), inputIs(bytes('one\ntwo'))),
  READ_ON: uses(
    async ({ 'wsgi.input': input }) => [await input.read(8), await input.read(8)],
    inputIs(bytes('short'), bytes('more')),
  ),
  ERRORS_WRITE: uses((environ) => environ['wsgi.errors'].write(new Error('no text') as never)),
  ERRORS_WRITELINES: uses((environ) => environ['wsgi.errors'].writelines('a line' as never)),
};

export const headCases: Record<keyof typeof headRules, Case> = {
  START_ARGUMENTS: starts('200 OK', PLAIN, undefined, 'more'),
  START_MISSING: ({ guard }) => play(guard(() => ['Hello'])),
  START_TWICE: ({ guard }) =>
    play(
      guard((environ, start) => {
        start('200 OK', PLAIN);
        return hello(environ, start);
      }),
    ),
  START_AFTER_END: async ({ guard }) => {
    let late: StartResponse | undefined;
    const app = guard((environ, start) => hello(environ, (late = start)));
    await play(app);
    late?.('500 Internal Server Error', [], new Error('late'));
  },
  START_AFTER_UPGRADE: uses((environ) => environ['highball.upgrade']?.()),
  START_ERROR_SWALLOWED: ({ guard }) =>
    play(
      guard(function* (_environ, start) {
        start('200 OK', PLAIN);
        yield 'Hello';
        start('500 Internal Server Error', PLAIN, new Error('too late'));
      }),
    ),
  START_RESULT: ({ guard }) => play(guard(hello), goodEnviron(), (() => undefined) as never),
  STATUS_TYPE: starts(200, []),
  STATUS_CHARACTERS: starts('200 O\r\nK', []),
  STATUS_FORM: starts('200', []),
  STATUS_INTERIM: starts('103 Early Hints', []),
  STATUS_RANGE: starts('600 Too Far', []),
  HEADERS_TYPE: starts('200 OK', { 'Content-Type': 'text/plain' }),
  HEADER_PAIR: starts('200 OK', [['X-Count', 1]]),
  HEADER_NAME: starts('200 OK', [['X Y', 'z']]),
  HEADER_VALUE_CONTROL: starts('200 OK', [['X-Y', 'z\r\nSet-Cookie: a=b']]),
  HEADER_VALUE_LATIN1: starts('200 OK', [['X-Price', '\u20ac 5']]),
  HEADER_VALUE_SPACE: starts('200 OK', [['X-Y', ' z']]),
  HEADER_STATUS: starts('200 OK', [['Status', '200 OK']]),
  HEADER_HOP_BY_HOP: starts('200 OK', [['Transfer-Encoding', 'chunked']]),
  CONTENT_TYPE_MISSING: answers(['Hello'], []),
  CONTENT_TYPE_REPEATED: starts('200 OK', [...PLAIN, ...PLAIN]),
  CONTENT_TYPE_UNWANTED: starts('204 No Content', PLAIN),
  CONTENT_LENGTH_REPEATED: starts('200 OK', [
    ['Content-Length', '0'],
    ['content-length', '0'],
  ]),
  CONTENT_LENGTH_FORM: starts('200 OK', [['Content-Length', '0x0']]),
  CONTENT_LENGTH_UNWANTED: starts('204 No Content', [['Content-Length', '0']]),
};

const FIVE: HeaderList = [...PLAIN, ['Content-Length', '5']];

/** A body whose iterator gives one thing of another kind before its end. */
const answersOnce = (result: unknown): unknown => {
  const results = [result];
  return { [Symbol.iterator]: () => ({ next: () => results.pop() ?? { done: true, value: undefined } }) };
};

export const bodyCases: Record<keyof typeof bodyRules, Case> = {
  BODY_NOT_ITERABLE: answers(undefined),
  BODY_STRING: answers('Hello'),
  BODY_BYTES: answers(bytes('Hello')),
  BODY_ITERATOR: answers(answersOnce(Promise.resolve())),
  BODY_CLOSE: answers(Object.assign(['Hello'], { close: 'now' })),
  CHUNK_TYPE: answers([5]),
  CHUNK_TEXT: answers(['\ud83c', '\udf78'].slice(0, 1)),
  BODY_UNWANTED: answers(['Hello'], [], '204 No Content'),
  BODY_TOO_LONG: answers(['Hello', '!'], FIVE),
  BODY_TOO_SHORT: answers(['Hell'].values(), FIVE),
  WRITE_ARGUMENTS: ({ guard }) =>
    play(
      guard((_environ, start) => {
        (start('200 OK', PLAIN) as (...pieces: string[]) => void)('Hello', 'World');
        return [];
      }),
    ),
  WRITE_IN_BODY: ({ guard }) =>
    play(
      guard(function* (_environ, start) {
        start('200 OK', PLAIN)('Hello');
        yield 'World';
      }),
    ),
  WRITE_AFTER_END: async ({ guard }) => {
    let write: unknown;
    await play(
      guard((_environ, start) => {
        write = start('200 OK', PLAIN);
        return [];
      }),
    );
    (write as (piece: string) => void)('Hello');
  },
  BODY_ITERATED_TWICE: takes((body) => [...body, ...body]),
  NEXT_CONCURRENT: async ({ guard }) => {
    const app = guard(async function* (_environ, start) {
      start('200 OK', PLAIN);
      yield 'Hello';
    });
    const body = (await app(goodEnviron(), lenientStart)) as AsyncIterable<string>;
    const iterator = body[Symbol.asyncIterator]();
    await Promise.all([iterator.next(), iterator.next()]);
  },
  NEXT_AFTER_END: takes((body) => {
    const iterator = body[Symbol.iterator]();
    while (iterator.next().done !== true);
    iterator.next();
  }),
  NEXT_AFTER_CLOSE: async ({ guard }) => {
    const app = guard((_environ, start) => {
      start('200 OK', PLAIN);
      return { [Symbol.iterator]: () => ['a', 'b'].values(), close: () => undefined };
    });
    const body = (await app(goodEnviron(), lenientStart)) as ResponseBody & Iterable<string>;
    const iterator = body[Symbol.iterator]();
    iterator.next();
    await body.close?.();
    iterator.next();
  },
  CLOSE_TWICE: async ({ guard }) => {
    const app = guard((_environ, start) => {
      start('200 OK', PLAIN);
      return closable();
    });
    const body = await app(goodEnviron(), lenientStart);
    await body.close?.();
    await body.close?.();
  },
  CLOSE_MISSING: async ({ guard, codes }) => {
    const app = guard((_environ, start) => {
      start('200 OK', PLAIN);
      return closable();
    });
    app(goodEnviron(), lenientStart);
    await collectGarbage(() => codes.length > 0);
  },
};

/** A body takes the connection over and goes on with a piece of the response. */
const inBody =
  (use: (environ: Environ) => unknown): Case =>
  ({ guard }) =>
    play(
      guard(function* (environ, start) {
        start('200 OK', PLAIN);
        yield 'Hello';
        use(environ);
      }),
    );

export const extensionCases: Record<keyof typeof extensionRules, Case> = {
  EARLY_HINTS_LATE: inBody((environ) => environ['wsgi.early_hints']?.([['Link', '</a.css>; rel=preload']])),
  EARLY_HINTS_LENGTH: uses((environ) => environ['wsgi.early_hints']?.([['Content-Length', '0']])),
  UPGRADE_TWICE: ({ guard }) =>
    play(
      guard((environ) => {
        environ['highball.upgrade']?.();
        environ['highball.upgrade']?.();
        return [];
      }),
    ),
  UPGRADE_LATE: inBody((environ) => environ['highball.upgrade']?.()),
  UPGRADE_RESULT: ({ guard }) =>
    play(
      guard((environ) => {
        environ['highball.upgrade']?.();
        return [];
      }),
      goodEnviron({ 'highball.upgrade': () => ({ socket: {} }) }),
    ),
  TRAILERS_LATE: async ({ guard }) => {
    const environ = goodEnviron();
    await play(guard(hello), environ);
    environ['highball.send_trailers']?.([['X-Checksum', 'abc']]);
  },
  TRAILERS_FORBIDDEN: uses((environ) => environ['highball.send_trailers']?.([['Set-Cookie', 'a=b']])),
  TRAILERS_UNSENDABLE: ({ guard }) =>
    play(
      guard((environ, start) => {
        start('200 OK', FIVE);
        environ['highball.send_trailers']?.([['X-Checksum', 'abc']]);
        return ['Hello'];
      }),
    ),
  TRAILERS_RESULT: uses((environ) => environ['highball.trailers']?.(), {
    'highball.trailers': () => ({ 'X-Checksum': 'abc' }),
  }),
  SIGNAL_RESULT: uses((environ) => [environ['highball.signal']?.(), environ['highball.signal']?.()], {
    'highball.signal': () => new AbortController().signal,
  }),
};

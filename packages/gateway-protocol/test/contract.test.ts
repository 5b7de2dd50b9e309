import { describe, expect, expectTypeOf, test } from 'vitest';
import {
  type Application,
  closeBody,
  compose,
  decodePath,
  type Environ,
  environKey,
  type HeaderList,
  type InputStream,
  isAsyncBody,
  type Middleware,
  requestField,
  type ResponseBody,
  responseField,
  type StartResponse,
  type Write,
} from '../src/index.ts';

test('the contract, as later versions extend and do not break it', () => {
  expectTypeOf<Application>().toEqualTypeOf<
    (environ: Environ, startResponse: StartResponse) => ResponseBody | Promise<ResponseBody>
  >();
  expectTypeOf<StartResponse>().parameters.toEqualTypeOf<
    [status: string, headers: [name: string, value: string][], error?: unknown]
  >();
  expectTypeOf<StartResponse>().returns.toEqualTypeOf<Write>();
  expectTypeOf<string[]>().toExtend<ResponseBody>();
  expectTypeOf<Iterable<Uint8Array>>().toExtend<ResponseBody>();
  expectTypeOf<AsyncGenerator<string | Uint8Array>>().toExtend<ResponseBody>();
  expectTypeOf<number[]>().not.toExtend<ResponseBody>();
  expectTypeOf<Environ['wsgi.input']>().toEqualTypeOf<InputStream>();
  expectTypeOf<Environ['HTTP_ACCEPT']>().toEqualTypeOf<string | undefined>();
  expectTypeOf<Environ['my.own']>().toEqualTypeOf<unknown>();
  expectTypeOf<InputStream['read']>().returns.toEqualTypeOf<Promise<Uint8Array>>();
});

describe('compose', () => {
  const trace: string[] = [];
  const tracing =
    (name: string): Middleware =>
    (app) =>
    (environ, startResponse) => {
      trace.push(`${name} in`);
      const body = app(environ, startResponse);
      trace.push(`${name} out`);
      return body;
    };
  const app: Application = (_, startResponse) => {
    trace.push('app');
    startResponse('200 OK', []);
    return ['x'];
  };

  test('puts the first outermost', () => {
    expect(compose(tracing('a'), tracing('b'))(app)({} as Environ, () => () => undefined)).toEqual(['x']);
    expect(trace).toEqual(['a in', 'b in', 'app', 'b out', 'a out']);
  });

  test('of nothing changes nothing', () => {
    expect(compose()(app)).toBe(app);
  });
});

describe('bodies', () => {
  test.each([
    [['a'], false],
    [new Set(['a']), false],
    ['text', false],
    [(async function* () {})(), true],
    [(function* () {})(), false],
  ])('%# is async: %s', (body, expected) => {
    expect(isAsyncBody(body as ResponseBody)).toBe(expected);
  });

  test('close is called where there is one', async () => {
    let closed = 0;
    const body = Object.assign(['a'], { close: () => Promise.resolve(void closed++) });
    await closeBody(body);
    expect(closed).toBe(1);
    expect(closeBody(['a'])).toBeUndefined();
    expect(closeBody('text')).toBeUndefined();
  });
});

describe('fields', () => {
  const environ = {
    CONTENT_TYPE: 'a/b',
    CONTENT_LENGTH: '1',
    HTTP_IF_NONE_MATCH: '"x"',
  } as unknown as Environ;

  test.each([
    ['If-None-Match', '"x"'],
    ['if-none-match', '"x"'],
    ['content-type', 'a/b'],
    ['Content-Length', '1'],
    ['Accept', undefined],
  ])('%s of a request', (name, value) => {
    expect(requestField(environ, name)).toBe(value);
  });

  test('have keys', () => {
    expect(environKey('X-Ray')).toBe('HTTP_X_RAY');
  });

  test('of a response compare without regard to case', () => {
    const headers: HeaderList = [
      ['ETag', '"a"'],
      ['etag', '"b"'],
    ];
    expect(responseField(headers, 'ETAG')).toBe('"a"');
    expect(responseField(headers, 'x')).toBeUndefined();
  });
});

describe('decodePath', () => {
  test('reads the bytes as UTF-8', () => {
    expect(decodePath('/caf\xc3\xa9')).toBe('/café');
    expect(decodePath('/plain')).toBe('/plain');
  });

  test.each(['/\xff', '/\xc3', '/\xed\xa0\x80'])('refuses %j', (path) => {
    expect(() => decodePath(path)).toThrow(TypeError);
  });
});

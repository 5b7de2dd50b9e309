import {
  type Application,
  type Environ,
  interfaceOf,
  type ResponseBody,
  type StartResponse,
} from '@highball/gateway-protocol';
import { describe, expect, test } from 'vitest';
import {
  GatewayBreach,
  GatewayValidatorError,
  type RuleCode,
  validate,
  ValidatorOptionError,
} from '../src/index.ts';
import { collect, collectGarbage, goodEnviron, inputOf, lenientStart, PLAIN, play } from './support.ts';

const breach = (code: string): unknown => expect.objectContaining({ name: 'GatewayBreach', code });

describe('what a validator leaves as it is:', () => {
  test('a synchronous application answers synchronously, an array stays an array', () => {
    const app = validate((_environ, start) => {
      start('200 OK', PLAIN);
      return Object.assign(['Hello'], { close: () => undefined });
    });
    const body = app(goodEnviron(), lenientStart);
    expect(Array.isArray(body)).toBe(true);
    expect(body).toHaveLength(1);
    expect((body as ResponseBody).close).toBeTypeOf('function');
  });

  test('a generator does nothing before it is asked, and one piece at a time', () => {
    const steps: string[] = [];
    const app = validate(function* (_environ, start) {
      steps.push('start');
      start('200 OK', PLAIN);
      yield 'a';
      steps.push('second');
      yield 'b';
    });
    const body = app(goodEnviron(), lenientStart) as Iterable<string>;
    expect(steps).toEqual([]);
    const iterator = body[Symbol.iterator]();
    expect(iterator.next()).toEqual({ done: false, value: 'a' });
    expect(steps).toEqual(['start']);
    expect(Symbol.asyncIterator in body).toBe(false);
  });

  test('start_response gets the arguments, its caller the result of write', async () => {
    const caughtUp = Promise.resolve();
    const calls: unknown[][] = [];
    const app = validate(async (_environ, start) => {
      const write = start('200 OK', PLAIN);
      expect(write('Hello')).toBe(caughtUp);
      return [];
    });
    await app(goodEnviron(), (...args) => {
      calls.push(args);
      return () => caughtUp;
    });
    expect(calls).toEqual([['200 OK', PLAIN]]);
  });

  test('what an application puts into environ is seen outside', () => {
    const environ = goodEnviron();
    const app = validate((environ, start) => {
      environ['demo.user'] = 'Ada';
      start('200 OK', PLAIN);
      return [];
    });
    app(environ, lenientStart);
    expect(environ['demo.user']).toBe('Ada');
  });

  test('an application may change the method that it sees', () => {
    const app = validate((environ, start) => {
      environ.REQUEST_METHOD = 'GET';
      start('200 OK', [...PLAIN, ['Content-Length', '5']]);
      return [];
    });
    expect(app(goodEnviron({ REQUEST_METHOD: 'HEAD' }), lenientStart)).toEqual([]);
  });

  test('an error of an application goes on to the server', async () => {
    const error = new Error('mine');
    const throws = validate(() => {
      throw error;
    });
    const rejects = validate(() => Promise.reject(error));
    expect(() => throws(goodEnviron(), lenientStart)).toThrow(error);
    await expect(rejects(goodEnviron(), lenientStart)).rejects.toBe(error);
  });

  test('a second application may be asked with the environ of the first', async () => {
    const environ = goodEnviron({ 'wsgi.input': inputOf([Buffer.from('body')]) });
    const misses = validate((_environ, start) => {
      start('404 Not Found', PLAIN);
      return [];
    });
    const reads = validate(async (environ, start) => {
      start('200 OK', PLAIN);
      environ['wsgi.early_hints']?.([]);
      return [await environ['wsgi.input'].read()];
    });
    misses(environ, lenientStart);
    expect(await reads(environ, lenientStart)).toEqual([Buffer.from('body')]);
  });

  test('the server may leave a body early: the application cleans up', () => {
    let cleaned = 0;
    const app = validate(function* (_environ, start) {
      try {
        start('200 OK', PLAIN);
        yield 'a';
        yield 'b';
      } finally {
        cleaned++;
      }
    });
    for (const piece of app(goodEnviron(), lenientStart) as Iterable<string>) {
      expect(piece).toBe('a');
      break;
    }
    expect(cleaned).toBe(1);
  });
});

describe('a breach is thrown', () => {
  test('at the server, before the application is called', () => {
    let called = false;
    const app = validate((_environ, start) => {
      called = true;
      start('200 OK', PLAIN);
      return [];
    });
    expect(() => app(goodEnviron({ SERVER_PORT: 80 }), lenientStart)).toThrow(breach('ENVIRON_NOT_STRING'));
    expect(called).toBe(false);
  });

  test('at the application, out of the call that is wrong; the server never hears of it', () => {
    let started = 0;
    const app: Application = (_environ, start) => {
      expect(() => start('200', [])).toThrow(breach('STATUS_FORM'));
      start('200 OK', PLAIN);
      return ['mended'];
    };
    const body = validate(app)(goodEnviron(), () => {
      started++;
      return () => undefined;
    });
    expect(body).toEqual(['mended']);
    expect(started).toBe(1);
  });

  test('at the application, out of the read that the server answered wrongly', async () => {
    const app = validate(async (environ, start) => {
      await expect(environ['wsgi.input'].read(1)).rejects.toEqual(breach('READ_TOO_LONG'));
      start('200 OK', PLAIN);
      return [];
    });
    await app(goodEnviron({ 'wsgi.input': inputOf([Buffer.from('long')]) }), lenientStart);
  });

  test('out of the body, whose generator then ends its work', async () => {
    const ended: string[] = [];
    const sync = validate(function* (_environ, start) {
      try {
        start('200 OK', PLAIN);
        yield 5 as never;
      } finally {
        ended.push('sync');
      }
    });
    const async = validate(async function* (_environ, start) {
      try {
        start('200 OK', PLAIN);
        yield 5 as never;
      } finally {
        ended.push('async');
      }
    });
    expect(() => [...(sync(goodEnviron(), lenientStart) as Iterable<string>)]).toThrow(breach('CHUNK_TYPE'));
    const body = (await async(goodEnviron(), lenientStart)) as AsyncIterable<string>;
    await expect(body[Symbol.asyncIterator]().next()).rejects.toEqual(breach('CHUNK_TYPE'));
    expect(ended).toEqual(['sync', 'async']);
  });

  test.each<[string, string, unknown]>([
    [
      'of an asynchronous body that gives no promise',
      'BODY_ITERATOR',
      { [Symbol.asyncIterator]: () => ({ next: () => ({ done: true }) }) },
    ],
    ['of a body without an iterator', 'BODY_ITERATOR', { [Symbol.asyncIterator]: () => undefined }],
    [
      'of an iterator that gives no result',
      'BODY_ITERATOR',
      { [Symbol.asyncIterator]: () => ({ next: async () => 'done' }) },
    ],
  ])('out of the iteration %s', async (_name, code, returned) => {
    const app = validate((_environ, start) => {
      start('200 OK', PLAIN);
      return returned as ResponseBody;
    });
    const body = (await app(goodEnviron(), lenientStart)) as AsyncIterable<string>;
    const iterate = async (): Promise<unknown> => body[Symbol.asyncIterator]().next();
    await expect(iterate()).rejects.toEqual(breach(code));
  });

  test('at a server that iterates a body it has closed', () => {
    const app = validate((_environ, start) => {
      start('200 OK', PLAIN);
      return Object.assign(new Set(['a']), { close: () => undefined });
    });
    const body = app(goodEnviron(), lenientStart) as Iterable<string> & ResponseBody;
    void body.close?.();
    expect(() => body[Symbol.iterator]()).toThrow(breach('NEXT_AFTER_CLOSE'));
  });

  test('with the message that names the place and the mend', () => {
    const app = validate((_environ, start) => {
      start('200 OK', [['X-Name', 'a\r\nb']]);
      return [];
    });
    expect(() => app(goodEnviron(), lenientStart)).toThrow(
      'header 0 of start_response, X-Name, is "a\\r\\nb", which could split it; encode what came from outside (PEP 3333, The start_response() Callable; RFC 9110 §5.5)',
    );
  });
});

describe('when the client leaves, it is no breach', () => {
  /** An application in the middle of its work, whose server then gives the body up. */
  async function leftDuring(work: (environ: Environ, start: StartResponse) => unknown): Promise<RuleCode[]> {
    const trial = collect();
    const gate = Promise.withResolvers<void>();
    const done = Promise.withResolvers<void>();
    const app = trial.guard(async function* (environ, start) {
      try {
        yield* await gate.promise.then(() => [] as string[]);
        await work(environ, start);
      } finally {
        done.resolve();
      }
    });
    const body = (await app(goodEnviron(), lenientStart)) as AsyncIterable<string>;
    const iterator = body[Symbol.asyncIterator]();
    void iterator.next();
    void iterator.return?.();
    gate.resolve();
    await done.promise;
    return trial.codes;
  }

  test.each<[string, (environ: Environ, start: StartResponse) => unknown]>([
    ['that the response begins', (_environ, start) => start('200 OK', PLAIN)],
    ['that the request is read', (environ) => environ['wsgi.input'].read()],
    ['that trailers are sent', (environ) => environ['highball.send_trailers']?.([['X-Sum', '1']])],
    ['that early hints are sent', (environ) => environ['wsgi.early_hints']?.([])],
  ])('%s', async (_name, work) => {
    expect(await leftDuring(work)).toEqual([]);
  });

  test('that an application gives up', async () => {
    const signal = AbortSignal.abort();
    const trial = collect();
    const environ = (): Environ => goodEnviron({ 'highball.signal': () => signal });
    await play(
      trial.guard(() => []),
      environ(),
    );
    await play(
      trial.guard(function* (_environ, start) {
        start('200 OK', [...PLAIN, ['Content-Length', '10']]);
        yield 'Hello';
      }),
      environ(),
    );
    expect(trial.codes).toEqual([]);
  });
});

describe('what is only recommended', () => {
  const untyped: Application = (_environ, start) => {
    start('200 OK', []);
    return ['Hello'];
  };
  const withLog = (lines: string[]): Environ =>
    goodEnviron({
      'wsgi.errors': { write: (text: string) => lines.push(text), writelines: () => 0, flush: () => 0 },
    });

  test('is written to the log of the server, once', () => {
    const lines: string[] = [];
    const app = validate(untyped);
    expect(app(withLog(lines), lenientStart)).toEqual(['Hello']);
    expect(app(withLog(lines), lenientStart)).toEqual(['Hello']);
    expect(lines).toEqual([expect.stringMatching(/^CONTENT_TYPE_MISSING: a 200 has a body .*\n$/)]);
  });

  test('is thrown when that is wanted', () => {
    const lines: string[] = [];
    const app = validate(untyped, { strict: true });
    expect(() => app(withLog(lines), lenientStart)).toThrow(breach('CONTENT_TYPE_MISSING'));
    expect(lines).toEqual([]);
  });
});

test('a body that is never closed is written to the log of the server', async () => {
  const lines: string[] = [];
  const app = validate((_environ, start) => {
    start('200 OK', PLAIN);
    return Object.assign(['Hello'], { close: () => undefined });
  });
  const log = { write: (text: string) => lines.push(text), writelines: () => 0, flush: () => 0 };
  app(goodEnviron({ 'wsgi.errors': log }), lenientStart);
  await collectGarbage(() => lines.length > 0);
  expect(lines).toEqual([expect.stringMatching(/^CLOSE_MISSING: /)]);
});

test('a server that throws the error of start_response is right, and so is one whose client has left', () => {
  const late = new Error('late');
  const app = validate(function* (_environ, start) {
    start('200 OK', PLAIN);
    yield 'Hello';
    start('500 Internal Server Error', PLAIN, late);
  });
  const strict = app(goodEnviron(), (_status, _headers, error) => {
    if (error !== undefined) throw error as Error;
    return () => undefined;
  });
  expect(() => [...(strict as Iterable<string>)]).toThrow(late);
  const signal = AbortSignal.abort();
  const lenient = app(goodEnviron({ 'highball.signal': () => signal }), lenientStart);
  expect([...(lenient as Iterable<string>)]).toEqual(['Hello']);
});

test('a validated application is marked as what it is', () => {
  expect(interfaceOf(validate(() => []))).toBe('wsgi');
});

test('what is no application is refused', () => {
  expect(() => validate({} as never)).toThrow(ValidatorOptionError);
  expect(new ValidatorOptionError('x')).toBeInstanceOf(GatewayValidatorError);
  expect(new GatewayBreach('STATUS_FORM', 'x')).toBeInstanceOf(GatewayValidatorError);
});

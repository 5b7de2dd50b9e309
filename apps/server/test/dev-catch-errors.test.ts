import type { Application, HeaderList } from '@highball/gateway-protocol';
import { describe, expect, test } from 'vitest';
import { catchErrors } from '../src/dev/catch-errors.ts';
import { call, environOf } from './support.ts';

const headers: HeaderList = [];
const failure = new Error('failed');

function setUp(app: Application): { app: Application; late: unknown[] } {
  const late: unknown[] = [];
  const middleware = catchErrors(
    (error) => ({ status: '500 No', headers, body: `caught ${(error as Error | undefined)?.message}` }),
    (error) => late.push(error),
  );
  return { app: middleware(app), late };
}

const caught = { status: '500 No', headers, body: 'caught failed' };

describe('catchErrors', () => {
  test.each<[string, Application]>([
    [
      'when it is called',
      () => {
        throw failure;
      },
    ],
    [
      'later',
      async () => {
        throw failure;
      },
    ],
    [
      'after it has begun a response',
      (_, startResponse) => {
        startResponse('200 OK', headers);
        throw failure;
      },
    ],
    [
      'in a synchronous body',
      () =>
        (function* () {
          yield '';
          throw failure;
        })(),
    ],
    [
      'in an asynchronous body',
      () =>
        (async function* () {
          yield '';
          throw failure;
        })(),
    ],
  ])('answers what an application throws %s', async (_, app) => {
    const guarded = setUp(app);
    expect(await call(guarded.app, environOf('GET /'))).toEqual(caught);
    expect(guarded.late).toEqual([]);
  });

  test('throws on what comes after the first bytes, and tells', async () => {
    const { app, late } = setUp((_, startResponse) => {
      startResponse('200 OK', headers);
      return (function* () {
        yield 'begun';
        throw failure;
      })();
    });
    await expect(call(app, environOf('GET /'))).rejects.toBe(failure);
    expect(late).toEqual([failure]);
  });

  test('knows of what was written', async () => {
    const { app, late } = setUp((_, startResponse) => {
      void startResponse('200 OK', headers)('begun');
      throw failure;
    });
    await expect(async () => call(app, environOf('GET /'))).rejects.toBe(failure);
    expect(late).toEqual([failure]);
  });

  test('has no answer for a client that has left', async () => {
    const { app } = setUp(() => {
      throw failure;
    });
    const environ = environOf('GET /', { 'highball.signal': () => AbortSignal.abort() });
    await expect(async () => call(app, environ)).rejects.toBe(failure);
  });

  test('replaces a response that was begun, with the error as the reason', () => {
    const calls: unknown[][] = [];
    const { app } = setUp((_, startResponse) => {
      startResponse('200 OK', headers);
      throw failure;
    });
    void app(environOf('GET /'), (...args) => {
      calls.push(args);
      return () => undefined;
    });
    expect(calls).toEqual([
      ['200 OK', headers, undefined],
      ['500 No', headers, failure],
    ]);
  });

  test('closes the body that it guards, once', async () => {
    let closed = 0;
    const body = Object.assign(
      (function* () {
        yield 'x';
      })(),
      { close: () => void closed++ },
    );
    const { app } = setUp(() => body);
    const guarded = (await app(environOf('GET /'), () => () => undefined)) as { close?(): void };
    guarded.close?.();
    expect(closed).toBe(1);
  });

  test('leaves arrays as they are', () => {
    const body = ['x'];
    const { app } = setUp(() => body);
    expect(app(environOf('GET /'), () => () => undefined)).toBe(body);
  });
});

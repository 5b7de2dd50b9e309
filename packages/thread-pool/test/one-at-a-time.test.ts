import type { Application, Environ, ResponseBody } from '@highball/gateway-protocol';
import { describe, expect, test } from 'vitest';
import { oneAtATime, type OneAtATimeOptions } from '../src/index.ts';
import { bodyOf, listen, request, statusOf, TestClock, TestLog, until } from './support.ts';

/** Calls of an application, each open until its test ends it. */
class Visits {
  readonly entered: string[] = [];
  readonly #ends = new Map<
    string,
    { resolve: (body: ResponseBody) => void; reject: (error: Error) => void }
  >();

  readonly app: Application = (environ, start) => {
    this.entered.push(environ.PATH_INFO);
    start('200 OK', []);
    return new Promise((resolve, reject) => this.#ends.set(environ.PATH_INFO, { resolve, reject }));
  };

  finish(path: string, body: ResponseBody = ['done']): void {
    this.#ends.get(path)?.resolve(body);
  }

  fail(path: string): void {
    this.#ends.get(path)?.reject(new Error('boom'));
  }
}

function setUp(options: OneAtATimeOptions = {}): {
  visits: Visits;
  clock: TestClock;
  call: (
    path: string,
    signal?: AbortSignal,
  ) => Promise<{ status: string; headers: string; body: ResponseBody }>;
} {
  const visits = new Visits();
  const clock = new TestClock();
  const app = oneAtATime(visits.app, { clock, ...options });
  return {
    visits,
    clock,
    call: async (path, signal) => {
      let status = '';
      let headers = '';
      const environ = { PATH_INFO: path, 'highball.signal': signal && (() => signal) } as unknown as Environ;
      const body = await app(environ, (line, fields) => {
        status = line;
        headers = fields.join('\n');
        return () => undefined;
      });
      return { status, headers, body };
    },
  };
}

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('an application that is entered by one request at a time', () => {
  test('is entered by the next when the one before has its body', async () => {
    const { visits, call } = setUp();
    const calls = ['/a', '/b', '/c'].map((path) => call(path));
    expect(visits.entered).toEqual(['/a']);
    visits.finish('/a');
    await settle();
    expect(visits.entered).toEqual(['/a', '/b']);
    const failing = calls[1]?.catch((error: unknown) => error);
    visits.fail('/b');
    expect(await failing).toMatchObject({ message: 'boom' });
    expect(visits.entered).toEqual(['/a', '/b', '/c']);
    visits.finish('/c');
    expect((await calls[2])?.body).toEqual(['done']);
  });

  test('is entered by the next only when a body that is made piece by piece was closed', async () => {
    const { visits, call } = setUp();
    const log: string[] = [];
    const first = call('/a');
    void call('/b');
    const body = (function* body() { yield 'x'; })(); // prettier-ignore
    visits.finish(
      '/a',
      Object.assign(body, { close: () => void log.push(`closed, ${visits.entered.length} entered`) }),
    );
    const { body: held } = await first;
    expect([...(held as Iterable<string>)]).toEqual(['x']);
    await settle();
    expect(visits.entered).toEqual(['/a']);
    await held.close?.();
    await held.close?.();
    expect(log).toEqual(['closed, 1 entered']);
    expect(visits.entered).toEqual(['/a', '/b']);
  });

  test('is entered by the next when a close() that takes time has ended, or failed', async () => {
    const { visits, call } = setUp();
    const first = call('/a');
    void call('/b');
    let fail: (error: Error) => void = () => undefined;
    const close = (): Promise<void> => new Promise((_resolve, reject) => (fail = reject));
    visits.finish('/a', Object.assign((async function* body() { yield 'x'; })(), { close })); // prettier-ignore
    const { body } = await first;
    const closing = body.close?.();
    await settle();
    expect(visits.entered).toEqual(['/a']);
    fail(new Error('late'));
    await expect(closing).rejects.toThrow('late');
    expect(visits.entered).toEqual(['/a', '/b']);
  });

  test('answers at once what it answers at once', () => {
    const app = oneAtATime((_environ, start) => {
      start('200 OK', []);
      return ['now'];
    });
    expect(app({} as Environ, () => () => undefined)).toEqual(['now']);
    const failing = oneAtATime(() => {
      throw new Error('boom');
    });
    const call = (): unknown => failing({} as Environ, () => () => undefined);
    expect(call).toThrow('boom');
    expect(call).toThrow('boom');
  });
});

describe('the line in front of it', () => {
  test('is of limited length', async () => {
    const { call } = setUp({ maxQueue: 1, retryAfterSeconds: 3 });
    void call('/a');
    void call('/b');
    const { status, headers } = await call('/c');
    expect(status).toBe('503 Service Unavailable');
    expect(headers).toContain('Retry-After,3');
  });

  test('is left by who has waited too long, or whose client has left', async () => {
    const { visits, clock, call } = setUp({ queueTimeoutMs: 50 });
    void call('/a');
    const controller = new AbortController();
    const leaving = call('/b', controller.signal);
    const late = call('/c');
    controller.abort();
    expect((await leaving).status).toBe('503 Service Unavailable');
    clock.advance(50);
    expect((await late).status).toBe('503 Service Unavailable');
    visits.finish('/a');
    await settle();
    expect(visits.entered).toEqual(['/a']);
  });

  test('takes only numbers that make sense', () => {
    const app: Application = () => [];
    expect(() => oneAtATime(app, { maxQueue: -1 })).toThrow(expect.objectContaining({ code: 'BAD_OPTION' }));
    expect(() => oneAtATime(app, { queueTimeoutMs: Number.NaN })).toThrow('queueTimeoutMs');
  });
});

test('behind a real server: parallel clients see the application to themselves', async () => {
  let inside = 0;
  let most = 0;
  const app: Application = async (_environ, start) => {
    most = Math.max(most, ++inside);
    await new Promise((resolve) => setTimeout(resolve, 5));
    start('200 OK', []);
    const body = (async function* body() { yield 'a'; yield 'b'; })(); // prettier-ignore
    return Object.assign(body, { close: () => void inside-- });
  };
  await using server = await listen(oneAtATime(app), new TestLog());
  const answers = await Promise.all(Array.from({ length: 10 }, (_, i) => server.get(`/${i}`)));
  expect(answers.map(statusOf)).toEqual(Array.from({ length: 10 }, () => 200));
  expect(most).toBe(1);
});

test('behind a real server: a client that leaves in the middle of its answer makes room', async () => {
  let ticking = false;
  const app: Application = (environ, start) => {
    start('200 OK', []);
    if (environ.PATH_INFO === '/next') return ['your turn'];
    return (async function* body() {
      ticking = true;
      for (;;) {
        yield 'tick';
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    })();
  };
  await using server = await listen(oneAtATime(app), new TestLog());
  const client = await server.connect();
  client.send(request('GET', '/endless'));
  await until(() => ticking);
  const next = server.get('/next');
  client.destroy();
  expect(bodyOf(await next)).toBe('your turn');
});

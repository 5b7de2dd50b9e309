import type { Application } from '@highball/gateway-protocol';
import { describe, expect, test } from 'vitest';
import { until } from './support.ts';
import { call } from './to-fetch-support.ts';

describe('the response', () => {
  test('has status, reason, fields and the length of an array', async () => {
    const { response } = await call((_environ, start) => {
      start('404 Not Here', [['Set-Cookie', 'a=b'], ['Set-Cookie', 'c=d'], ['X-A', '1']]); // prettier-ignore
      return ['smör', new Uint8Array([103])];
    });
    expect([response.status, response.statusText]).toEqual([404, 'Not Here']);
    expect(response.headers.getSetCookie()).toEqual(['a=b', 'c=d']);
    expect(response.headers.get('content-length')).toBe('6');
    expect(await response.text()).toBe('smörg');
  });

  test('streams: the head with the first piece that is not empty, each piece when it is asked for', async () => {
    const made: string[] = [];
    const { response } = await call((_environ, start) => {
      start('200 OK', []);
      return (function* () {
        for (const piece of ['', 'a', 'b', 'c', 'd']) {
          made.push(piece);
          yield piece;
        }
      })();
    });
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(made).toEqual(['', 'a']);
    expect(await response.text()).toBe('abcd');
  });

  test('an asynchronous body and write() may be mixed', async () => {
    const { response } = await call(async (_environ, start) => {
      const write = start('200 OK', []);
      await write('1');
      await write(new Uint8Array([50]));
      return (async function* () {
        await Promise.resolve();
        yield '3';
      })();
    });
    expect(await response.text()).toBe('123');
  });

  test('write() waits for the reader', async () => {
    let written = 0;
    const { response } = await call(async (_environ, start) => {
      const write = start('200 OK', []);
      for (; written < 5; written++) await write('x');
      return [];
    });
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(written).toBeLessThan(3);
    expect(await response.text()).toBe('xxxxx');
  });

  test('who writes without waiting is cut when too much is kept', async () => {
    const { response, errors } = await call(
      (_environ, start) => {
        const write = start('200 OK', []);
        for (let i = 0; i < 100; i++) void write('0123456789');
        return [];
      },
      'http://h/',
      { maxWriteBytes: 200 },
    );
    await expect(response.text()).rejects.toThrow('behind');
    expect(errors.text).toContain('await what write() returns');
  });

  test.each([
    ['HEAD', 200],
    ['GET', 204],
    ['GET', 304],
  ])('%s %i has no body; close() is called', async (method, status) => {
    let closed = 0;
    const app: Application = (_environ, start) => {
      start(`${status} X`, [['X-A', '1']]);
      const body = (async function* () {
        yield 'never seen';
      })();
      return Object.assign(body, { close: () => void closed++ });
    };
    const { response, errors } = await call(app, new Request('http://h/', { method }));
    expect([response.status, response.body, response.headers.get('x-a')]).toEqual([status, null, '1']);
    await until(() => closed === 1);
    expect(errors.text).toBe('');
  });

  test('start_response with an error replaces what was begun', async () => {
    const { response } = await call((_environ, start) => {
      start('200 OK', [['X-A', '1']]);
      start('500 Sorry', [['X-B', '2']], new Error('late'));
      return ['sorry'];
    });
    expect([response.status, response.headers.get('x-a'), response.headers.get('x-b')]).toEqual([
      500,
      null,
      '2',
    ]);
  });

  test('behind the head the error comes back, and the body is cut', async () => {
    const { response, errors } = await call(async (_environ, start) => {
      const write = start('200 OK', []);
      await write('part');
      start('500 Sorry', [], new Error('too late'));
      return [];
    });
    await expect(response.text()).rejects.toThrow('too late');
    expect(errors.text).toContain('too late');
  });

  test('a body that fails is cut', async () => {
    const { response } = await call((_environ, start) => {
      start('200 OK', []);
      return (function* () {
        yield 'part';
        throw new Error('dry');
      })();
    });
    await expect(response.text()).rejects.toThrow('dry');
  });

  test.each<[string, Application, string]>([
    ['throws', () => { throw new Error('boom'); }, 'boom'], // prettier-ignore
    ['never starts', () => ['x'], 'has not called start_response'],
    ['starts twice', (_e, start) => (start('200 OK', []), start('200 OK', []), []), 'called twice'],
    ['has a bad status', (_e, start) => (start('OK', []), []), "like '200 OK'"],
    ['has an informational status', (_e, start) => (start('103 Hints', []), []), "like '200 OK'"],
    [
      'sends a field of the server',
      (_e, start) => (start('200 OK', [['Transfer-Encoding', 'x']]), []),
      'must not send',
    ],
    ['splits a field', (_e, start) => (start('200 OK', [['X-A', 'a\r\nSet-Cookie: b']]), []), 'Error'],
    ['has a bad length', (_e, start) => (start('200 OK', [['Content-Length', '-1']]), []), 'number of bytes'],
    ['returns bytes', (_e, start) => (start('200 OK', []), new Uint8Array(1) as never), 'no body'],
    ['returns nothing', (_e, start) => (start('200 OK', []), undefined as never), 'no body'],
    ['has a number in its body', (_e, start) => (start('200 OK', []), [1 as never]), 'not number'],
    ['sends too much', (_e, start) => (start('200 OK', [['Content-Length', '1']]), ['ab']), 'longer'],
    [
      'sends too little',
      (_e, start) => (start('200 OK', [['Content-Length', '9']]), (function* () {})()),
      '0 bytes',
    ],
  ])('an application that %s is answered 500, without the reason', async (_name, app, message) => {
    const { response, errors } = await call(app);
    expect(response.status).toBe(500);
    expect(await response.text()).toBe('500 Internal Server Error\n');
    expect(errors.text).toContain(message);
  });

  test('fewer bytes than promised cut the body', async () => {
    const { response } = await call((_environ, start) => {
      start('200 OK', [['Content-Length', '9']]);
      return (function* () {
        yield 'abc';
      })();
    });
    await expect(response.text()).rejects.toThrow('Content-Length says 9');
  });

  test('more bytes than promised are not sent, and the generator is ended', async () => {
    let ended = false;
    const { response } = await call((_environ, start) => {
      start('200 OK', [['Content-Length', '2']]);
      return (function* () {
        try {
          yield 'ab';
          yield 'c';
        } finally {
          ended = true;
        }
      })();
    });
    await expect(response.text()).rejects.toThrow('longer than Content-Length: 2');
    expect(ended).toBe(true);
  });

  test('write after the end is refused', async () => {
    let late: ((chunk: string) => void) | undefined;
    await call((_environ, start) => {
      late = start('200 OK', []);
      return ['x'];
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect(() => late?.('y')).toThrow(expect.objectContaining({ code: 'RESPONSE_OVER' }));
  });
});

import { RemoteProtocolError } from '@highball/http-parser';
import { describe, expect, test, vi } from 'vitest';
import { createErrorStream } from '../src/error-stream.ts';
import { errorPage, refusal } from '../src/error-page.ts';
import { RequestError } from '../src/errors.ts';
import { faultOf } from '../src/fault.ts';
import { LazySignal } from '../src/lazy-signal.ts';
import { consoleLog } from '../src/log.ts';
import { resolveOptions } from '../src/options.ts';
import { frameResponse } from '../src/response-framing.ts';
import { ServerFields } from '../src/server-fields.ts';
import { Sweeper, sweepPeriod } from '../src/sweeper.ts';
import { TestClock, TestLog } from './support.ts';

describe('wsgi.errors', () => {
  test('goes to the log a line at a time', () => {
    const log = new TestLog();
    const stream = createErrorStream(log);
    stream.write('one\ntw');
    stream.writelines(['o\n', 'three']);
    expect(log.entries.map(({ message }) => message)).toEqual(['one', 'two']);
    stream.flush();
    stream.flush();
    expect(log.entries.map(({ message }) => message)).toEqual(['one', 'two', 'three']);
  });

  test('keeps no text without an end', () => {
    const log = new TestLog();
    createErrorStream(log).write('x'.repeat(70_000));
    expect(log.entries).toHaveLength(1);
  });
});

describe('the server’s fields', () => {
  test('have the date of the second', () => {
    let now = Date.UTC(1994, 10, 6, 8, 49, 37, 5);
    const fields = new ServerFields('x', () => now);
    expect(fields.lines(false, false)).toBe('Date: Sun, 06 Nov 1994 08:49:37 GMT\r\nServer: x\r\n');
    now += 994;
    expect(fields.lines(false, true)).toBe('Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n');
    now += 1;
    expect(fields.lines(false, true)).toBe('Date: Sun, 06 Nov 1994 08:49:38 GMT\r\n');
    expect(fields.lines(true, false)).toBe('Server: x\r\n');
    expect(fields.lines(true, true)).toBe('');
  });
});

describe('what the server answers by itself', () => {
  test('tells the status and nothing of the inside', () => {
    expect(errorPage(500)).toEqual({
      status: '500 Internal Server Error',
      headers: [['Content-Type', 'text/plain; charset=utf-8']],
      body: '500 Internal Server Error\n',
    });
    expect(errorPage(499).status).toBe('499 Error');
  });

  test('has no body for HEAD', () => {
    expect(refusal(400, 'A: b\r\n', false)).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n[^]*\r\n\r\n$/);
    expect(refusal(400, '', true)).toMatch(
      /\r\nContent-Length: 16\r\nConnection: close\r\n\r\n400 Bad Request\n$/,
    );
  });

  test('is 500 for what only we can have done', () => {
    expect(faultOf(new TypeError('x'))).toMatchObject({ status: 500, internal: true });
    const fault = faultOf(new RemoteProtocolError('INCOMPLETE_BODY', 'x'));
    expect(fault).toMatchObject({ status: 400, internal: false, reason: { code: 'CLIENT_GONE' } });
  });
});

describe('LazySignal', () => {
  test('keeps its first reason, whenever it is asked for', () => {
    const [first, second] = [new RequestError('CLIENT_GONE', 'a'), new RequestError('BODY_TOO_SLOW', 'b')];
    const early = new LazySignal();
    const { signal } = early;
    early.abort(first);
    early.abort(second);
    expect(signal.reason).toBe(first);
    const late = new LazySignal();
    late.abort(first);
    late.abort(second);
    expect(late.signal.reason).toBe(first);
    expect(new LazySignal().signal.aborted).toBe(false);
  });
});

describe('frameResponse', () => {
  const facts = {
    method: 'GET',
    status: '200 OK',
    contentLength: -1,
    wholeLength: -1,
    hasTrailers: false,
  } as const;

  test.each([
    [{ minorVersion: 1 }, 'chunked'],
    [{ minorVersion: 0 }, 'close'],
    [{ minorVersion: 0, wholeLength: 3 }, 'length'],
    [{ minorVersion: 1, wholeLength: 3, hasTrailers: true }, 'chunked'],
    [{ minorVersion: 1, contentLength: 3, hasTrailers: true }, 'length'],
    [{ minorVersion: 1, method: 'HEAD', wholeLength: 3 }, 'none'],
    [{ minorVersion: 1, status: '204 No Content' }, 'none'],
  ] as const)('%j is framed by %s', (more, kind) => {
    expect(frameResponse({ ...facts, ...more }).kind).toBe(kind);
  });
});

describe('sweeping', () => {
  test('calls everyone with the time that has passed', () => {
    const clock = new TestClock();
    const calls: [number, number][] = [];
    const sweeper = new Sweeper(clock, [{ sweep: (now, elapsedMs) => calls.push([now, elapsedMs]) }]);
    sweeper.start(1000);
    clock.advance(2000);
    sweeper.start(100);
    clock.advance(100);
    sweeper.stop();
    clock.advance(5000);
    expect(calls).toEqual([[2000, 1000], [3000, 1000], [3100, 100]]); // prettier-ignore
  });

  test('is done every second, or more often for short deadlines', () => {
    expect(sweepPeriod(resolveOptions({}))).toBe(1000);
    expect(sweepPeriod(resolveOptions({ headTimeoutMs: 400 }))).toBe(100);
    expect(sweepPeriod(resolveOptions({ requestTimeoutMs: 1 }))).toBe(20);
    expect(sweepPeriod(resolveOptions({ keepAliveTimeoutMs: 0 }))).toBe(1000);
  });
});

test('without a log, errors and warnings go to stderr, and nothing else does', () => {
  const error = vi.spyOn(console, 'error').mockImplementation(() => undefined);
  consoleLog.error('a', { b: 1 });
  consoleLog.warn('c');
  consoleLog.info('d');
  consoleLog.debug('e');
  expect(error.mock.calls).toEqual([['a', { b: 1 }], ['c']]);
  error.mockRestore();
});

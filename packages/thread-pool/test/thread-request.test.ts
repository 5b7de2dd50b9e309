import type { Environ, HeaderList } from '@highball/gateway-protocol';
import { describe, expect, test } from 'vitest';
import { ThreadError } from '../src/errors.ts';
import type { ToThread } from '../src/protocol.ts';
import { ThreadRequest } from '../src/thread-request.ts';
import { TestLog } from './support.ts';

const WINDOW = 16_384;

/** A request in a thread that is played by the test. */
function setUp(keys: object = {}): {
  request: ThreadRequest;
  posts: ToThread[];
  over: number[];
  begun: unknown[];
  log: TestLog;
  kinds: () => string[];
} {
  const posts: ToThread[] = [];
  const over: number[] = [];
  const begun: unknown[] = [];
  const log = new TestLog();
  const environ = { SERVER_PROTOCOL: 'HTTP/1.1', 'wsgi.input_terminated': true, ...keys } as Environ;
  const request = new ThreadRequest(environ, (status, headers) => {
    begun.push(status, headers);
    return () => undefined;
  });
  const message = request.enter(1, {
    windowBytes: WINDOW,
    log,
    post: (message) => posts.push(message),
    onOver: (id) => over.push(id),
    watchDraining: () => undefined,
  });
  request.startInput(message.input);
  return { request, posts, over, begun, log, kinds: () => posts.map(({ kind }) => kind) };
}

const head = { id: 1, status: '200 OK', headers: [] as HeaderList, trailers: [] as HeaderList };
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('a request in a thread', () => {
  test('is over with its answer, or with the close() behind it', async () => {
    const { request, over, begun } = setUp();
    request.receive({ kind: 'response', ...head, pieces: ['a'], closing: true });
    expect(await request.answered).toEqual(['a']);
    expect(begun).toEqual(['200 OK', []]);
    expect(over).toEqual([]);
    request.receive({ kind: 'closed', id: 1, error: undefined });
    expect(over).toEqual([1]);
  });

  test('reads no more of its body when it is over', async () => {
    let returned = 0;
    const input = (async function* body(): AsyncGenerator<Uint8Array> {
      try {
        for (;;) yield new Uint8Array(4096);
      } finally {
        returned++;
      }
    })();
    const { request, kinds } = setUp({ 'wsgi.input': input, CONTENT_LENGTH: '1000000' });
    await settle();
    expect(returned).toBe(0);
    request.receive({ kind: 'response', ...head, pieces: [], closing: false });
    await settle();
    expect(returned).toBe(1);
    expect(new Set(kinds())).toEqual(new Set(['input']));
  });

  test('gets so much of its body as it is, and then the end', async () => {
    const input = [new Uint8Array(100), new Uint8Array(100)].values();
    const stream = { [Symbol.asyncIterator]: () => ({ next: () => Promise.resolve(input.next()) }) };
    const { posts, kinds } = setUp({ 'wsgi.input': stream, CONTENT_LENGTH: '150' });
    await settle();
    expect(kinds()).toEqual(['input', 'input', 'input-end']);
    const bytes = posts.flatMap((message) => (message.kind === 'input' ? message.pieces : []));
    expect(bytes.map(({ length }) => length)).toEqual([100, 50]);
  });

  test('is told when its body fails', async () => {
    const stream = {
      [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(new Error('client gone')) }),
    };
    const { posts } = setUp({ 'wsgi.input': stream, CONTENT_LENGTH: '150' });
    await settle();
    expect(posts).toMatchObject([{ kind: 'input-failed', error: { message: 'client gone' } }]);
  });
});

describe('the signal of a request', () => {
  test('is asked for at the first sweep, and heard of no more behind the end', () => {
    const controller = new AbortController();
    let asked = 0;
    const { request, kinds } = setUp({ 'highball.signal': () => (asked++, controller.signal) });
    expect(asked).toBe(0);
    request.sweep(0, 1000);
    request.sweep(1, 1000);
    expect(asked).toBe(1);
    request.receive({ kind: 'response', ...head, pieces: [], closing: false });
    controller.abort();
    expect(kinds()).toEqual([]);
  });

  test('is told to the thread, which then has its time', () => {
    const controller = new AbortController();
    const { request, posts } = setUp({ 'highball.signal': () => controller.signal });
    request.receive({ kind: 'watch', id: 1 });
    controller.abort(new Error('client gone'));
    expect(posts).toMatchObject([{ kind: 'left', error: { message: 'client gone' } }]);
    expect([0, 1000, 1001].map((now) => request.sweep(now, 1000))).toEqual([false, false, true]);
  });

  test('that was aborted before is told at once', () => {
    const { request, kinds } = setUp({ 'highball.signal': () => AbortSignal.abort() });
    request.receive({ kind: 'watch', id: 1 });
    expect(kinds()).toEqual(['left']);
  });
});

describe('a request that is given up', () => {
  test('frees its place and fails', async () => {
    const { request, over, kinds } = setUp();
    request.giveUp();
    expect(kinds()).toEqual(['cancel']);
    expect(over).toEqual([1]);
    await expect(request.answered).rejects.toMatchObject({ code: 'GIVEN_UP' });
  });

  test('by its server in the middle is cancelled in the thread, once', async () => {
    const { request, over, kinds } = setUp();
    request.receive({ kind: 'head', ...head, pieces: ['a'] });
    const body = await request.answered;
    await body.close?.();
    await body.close?.();
    expect(kinds()).toEqual(['cancel']);
    expect(over).toEqual([]);
    expect(request.bufferedBytes).toBe(0);
    request.receive({ kind: 'closed', id: 1, error: undefined });
    expect(over).toEqual([1]);
  });

  test('since its thread was blocked gets 504 before its head, and an error behind it', async () => {
    const error = new ThreadError('THREAD_BLOCKED', 'blocked');
    const early = setUp();
    early.request.timeOut(error);
    expect(await early.request.answered).toEqual(['504 Gateway Timeout\n']);
    expect(early.over).toEqual([1]);
    const late = setUp();
    late.request.receive({ kind: 'head', ...head, pieces: ['a'] });
    const body = (await late.request.answered) as AsyncIterable<string>;
    late.request.timeOut(error);
    const pieces = body[Symbol.asyncIterator]();
    expect(await pieces.next()).toEqual({ done: false, value: 'a' });
    await expect(pieces.next()).rejects.toBe(error);
  });

  test('since its server refuses the head fails with that', async () => {
    const environ = { SERVER_PROTOCOL: 'HTTP/1.1' } as Environ;
    const refused = new ThreadRequest(environ, () => {
      throw new Error('no such status');
    });
    refused.receive({ kind: 'response', ...head, pieces: [], closing: false });
    await expect(refused.answered).rejects.toThrow('no such status');
  });
});

test('early hints that the server refuses do no harm', () => {
  const hints = (): never => {
    throw new Error('bad hints');
  };
  const { request, log } = setUp({ 'wsgi.early_hints': hints });
  request.receive({ kind: 'early-hints', id: 1, headers: [] });
  expect(log.entries.map(({ message }) => message)).toEqual(['early hints were refused']);
});

import { describe, expect, test } from 'vitest';
import { BodyPipe } from '../src/body-pipe.ts';
import { ClientDisconnected } from '../src/index.ts';

const bytes = (text: string): Uint8Array => Buffer.from(text);

/** Whether a promise is settled, and how. */
function stateOf(promise: Promise<unknown>): Promise<unknown> {
  return Promise.race([
    promise.then(
      () => 'sent',
      (error: unknown) => error,
    ),
    new Promise((resolve) => setImmediate(() => resolve('pending'))),
  ]);
}

function make(): { pipe: BodyPipe; stops: () => number } {
  let stops = 0;
  return { pipe: new BodyPipe(() => stops++), stops: () => stops };
}

describe('a pipe', () => {
  test('has sent a piece when the server asks for the next one', async () => {
    const { pipe } = make();
    const sent = pipe.send(bytes('a'));
    expect(await pipe.next()).toEqual({ done: false, value: bytes('a') });
    expect(await stateOf(sent)).toBe('pending');
    void pipe.next();
    expect(await stateOf(sent)).toBe('sent');
  });

  test('hands a piece to a server that waits for it', async () => {
    const { pipe } = make();
    const piece = pipe.next();
    void pipe.send(bytes('a'));
    expect(await piece).toMatchObject({ value: bytes('a') });
  });

  test('keeps the order of pieces that are sent without awaiting', async () => {
    const { pipe } = make();
    for (const text of 'abc') void pipe.send(bytes(text));
    pipe.end();
    const got: string[] = [];
    for await (const piece of pipe) got.push(Buffer.from(piece).toString());
    expect(got).toEqual(['a', 'b', 'c']);
  });

  test('takes one piece of any size, and no more than may wait', async () => {
    const { pipe } = make();
    const first = pipe.send(Buffer.alloc(5_000_000));
    expect(await stateOf(first)).toBe('pending');
    expect(await stateOf(pipe.send(bytes('x')))).toMatchObject({ code: 'SEND_NOT_AWAITED' });
  });

  test('hands out what was sent before it tells that it cannot be completed', async () => {
    const { pipe } = make();
    void pipe.send(bytes('a'));
    pipe.fail(new Error('x'));
    expect(await pipe.next()).toMatchObject({ value: bytes('a') });
    await expect(pipe.next()).rejects.toThrow('x');
  });

  test.each(['close', 'return'] as const)(
    'that is stopped by %s() rejects what was not sent',
    async (method) => {
      const { pipe, stops } = make();
      const taken = pipe.send(bytes('a'));
      const waiting = pipe.send(bytes('b'));
      await pipe.next();
      await pipe[method]();
      for (const sent of [taken, waiting, pipe.send(bytes('c'))]) {
        expect(await stateOf(sent)).toBeInstanceOf(ClientDisconnected);
      }
      expect(await pipe.next()).toEqual({ done: true, value: undefined });
      expect(stops()).toBe(1);
    },
  );

  test('that was read to its end is not stopped early by close()', async () => {
    const { pipe, stops } = make();
    void pipe.send(bytes('a'));
    pipe.end();
    await pipe.next();
    await pipe.next();
    pipe.close();
    expect(stops()).toBe(0);
  });

  test('whose last piece nobody took is', async () => {
    const { pipe, stops } = make();
    void pipe.send(bytes('a'));
    pipe.end();
    pipe.close();
    expect(stops()).toBe(1);
  });
});

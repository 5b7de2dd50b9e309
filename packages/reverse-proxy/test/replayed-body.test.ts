import { expect, test } from 'vitest';
import { StreamingBody } from '../src/body-source.ts';
import { ReplayedBody } from '../src/replayed-body.ts';

/** A body whose pieces come when a test says so. */
function slow(): { body: ReplayedBody; give(text: string): void; end(): void } {
  const waiting: ((result: IteratorResult<Uint8Array, undefined>) => void)[] = [];
  const input: AsyncIterable<Uint8Array> = {
    [Symbol.asyncIterator]: () => ({ next: () => new Promise((resolve) => waiting.push(resolve)) }),
  };
  return {
    body: new ReplayedBody(new StreamingBody(input, undefined)),
    give: (text) => waiting.shift()?.({ done: false, value: Buffer.from(text) }),
    end: () => waiting.shift()?.({ done: true, value: undefined }),
  };
}

const next = async (reader: AsyncIterator<Uint8Array>): Promise<string | undefined> => {
  const { done, value } = await reader.next();
  return done ? undefined : Buffer.from(value as Uint8Array).toString();
};

test('is read again from its beginning, and goes on where the first reader waits', async () => {
  const { body, give, end } = slow();
  const first = body.read()[Symbol.asyncIterator]();
  const one = next(first);
  give('one');
  expect(await one).toBe('one');
  const stale = next(first);
  expect(body.replayable).toBe(true);
  const second = body.read()[Symbol.asyncIterator]();
  expect(await next(second)).toBe('one');
  const late = next(second);
  // An answer has begun: what is given to the second reader is kept for nobody, and lost to nobody.
  body.forget();
  give('two');
  expect(await stale).toBeUndefined();
  expect(await late).toBe('two');
  const last = next(second);
  end();
  expect(await last).toBeUndefined();
});

test('keeps 64 KiB, and then lets go of what was read', async () => {
  const { body, give } = slow();
  const reader = body.read()[Symbol.asyncIterator]();
  for (let i = 0; i < 3; i++) {
    const piece = next(reader);
    give('x'.repeat(30_000));
    expect(await piece).toHaveLength(30_000);
    expect(body.replayable).toBe(i < 2);
  }
});

test('passes on that its client has left', async () => {
  const broken = new ReplayedBody(
    new StreamingBody(
      {
        [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(new Error('gone')) }),
      },
      undefined,
    ),
  );
  await expect(next(broken.read()[Symbol.asyncIterator]())).rejects.toThrow('gone');
});

test('does not look whole to who reads it after its client has left', async () => {
  async function* broken(): AsyncGenerator<Uint8Array> {
    yield Buffer.from('half');
    throw new Error('gone');
  }
  const body = new ReplayedBody(new StreamingBody(broken(), undefined));
  const first = body.read()[Symbol.asyncIterator]();
  expect(await next(first)).toBe('half');
  await expect(next(first)).rejects.toThrow('gone');
  const second = body.read()[Symbol.asyncIterator]();
  expect(await next(second)).toBe('half');
  await expect(next(second)).rejects.toThrow('gone');
});

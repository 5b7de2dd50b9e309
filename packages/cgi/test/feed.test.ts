import { Writable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { feed } from '../src/feed.ts';

/** A standard input that keeps what it gets, and takes more when it is told to. */
class Input extends Writable {
  text = '';
  held: (() => void) | undefined;
  readonly #slow: boolean;

  constructor(slow = false) {
    super({ highWaterMark: 1 });
    this.#slow = slow;
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString();
    if (this.#slow) this.held = done;
    else done();
  }
}

async function* pieces(...texts: string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield Buffer.from(text);
}

describe('feed', () => {
  test('writes as much as was promised, and ends', async () => {
    const stdin = new Input();
    await feed(stdin, pieces('abc', 'def', 'ghi'), 5);
    expect(stdin.text).toBe('abcde');
    expect(stdin.writableEnded).toBe(true);
  });

  test('ends at once without a body', async () => {
    const stdin = new Input();
    await feed(stdin, pieces('surplus'), 0);
    expect([stdin.text, stdin.writableEnded]).toEqual(['', true]);
  });

  test('asks for no more than the program takes, and gives up when it is gone', async () => {
    const stdin = new Input(true);
    let asked = 0;
    const endless = async function* (): AsyncGenerator<Uint8Array> {
      for (;;) {
        asked++;
        yield Buffer.from('x');
      }
    };
    const feeding = feed(stdin, endless(), 1000);
    await new Promise((resolve) => setImmediate(resolve));
    expect(asked).toBe(1);
    stdin.held?.();
    await new Promise((resolve) => setImmediate(resolve));
    expect(asked).toBe(2);
    stdin.destroy();
    await feeding;
    expect(asked).toBe(2);
  });

  test('a body that is lost is an error, a program that does not want it is none', async () => {
    const lost = (async function* (): AsyncGenerator<Uint8Array> {
      yield Buffer.from('x');
      throw new Error('gone');
    })();
    await expect(feed(new Input(), lost, 9)).rejects.toThrow('gone');
    const stdin = new Input();
    stdin.destroy(Object.assign(new Error('EPIPE'), { code: 'EPIPE' }));
    await feed(stdin, pieces('abc'), 3);
  });
});

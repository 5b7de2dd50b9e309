import { describe, expect, test } from 'vitest';
import { RequestError } from '../src/errors.ts';
import { RequestInput } from '../src/input.ts';

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');

/** An input, and what it asked of its source. */
function makeInput(...pieces: string[]): { input: RequestInput; asked: string[] } {
  const asked: string[] = [];
  const input = new RequestInput({ onWanted: () => asked.push('wanted'), onRoom: () => asked.push('room') });
  for (const piece of pieces) input.push(Buffer.from(piece));
  return { input, asked };
}

/** A body that is all there. */
function makeBody(...pieces: string[]): RequestInput {
  const { input } = makeInput(...pieces);
  input.end();
  return input;
}

describe('read', () => {
  test('without a size, or with a negative one, reads to the end', async () => {
    expect(text(await makeBody('ab', 'cd').read())).toBe('abcd');
    expect(text(await makeBody('ab', 'cd').read(-1))).toBe('abcd');
  });

  test('with a size reads that many, across pieces, and less only at the end', async () => {
    const input = makeBody('ab', 'cdef', 'g');
    expect(text(await input.read(3))).toBe('abc');
    expect(text(await input.read(1))).toBe('d');
    expect(text(await input.read(9))).toBe('efg');
    expect(text(await input.read(9))).toBe('');
    expect(input.consumed).toBe(true);
  });

  test('waits until that many have come', async () => {
    const { input } = makeInput('a');
    const read = input.read(3);
    input.push(Buffer.from('b'));
    const first = await Promise.race([read, new Promise((resolve) => setImmediate(resolve, 'waits'))]);
    expect(first).toBe('waits');
    input.push(Buffer.from('cd'));
    expect(text(await read)).toBe('abc');
  });

  test('of nothing is nothing, and asks for nothing', async () => {
    const { input, asked } = makeInput();
    expect(text(await input.read(0))).toBe('');
    expect(asked).toEqual([]);
  });

  test.each([1.5, Number.NaN])('of %s bytes is refused', async (size) => {
    await expect(makeBody('a').read(size)).rejects.toMatchObject({ code: 'BAD_READ_SIZE' });
  });
});

describe('readline', () => {
  test('reads to LF, across pieces, and the rest without one', async () => {
    const input = makeBody('one\ntw', 'o\n', '\nthree');
    const lines: string[] = [];
    for (let line = await input.readline(); line.length > 0; line = await input.readline())
      lines.push(text(line));
    expect(lines).toEqual(['one\n', 'two\n', '\n', 'three']);
  });

  test('reads no more than a size', async () => {
    const input = makeBody('abcdef\n');
    expect(text(await input.readline(3))).toBe('abc');
    expect(text(await input.readline(9))).toBe('def\n');
  });
});

describe('readlines', () => {
  test('reads all lines', async () => {
    expect((await makeBody('a\nb\nc').readlines()).map(text)).toEqual(['a\n', 'b\n', 'c']);
    expect((await makeBody('a\nb\n').readlines(0)).map(text)).toEqual(['a\n', 'b\n']);
  });

  test('stops behind the line with which the hint is reached', async () => {
    const input = makeBody('aa\nbb\ncc\n');
    expect((await input.readlines(4)).map(text)).toEqual(['aa\n', 'bb\n']);
    expect(text(await input.read())).toBe('cc\n');
  });
});

describe('iteration', () => {
  test('yields the pieces as they came', async () => {
    const pieces: string[] = [];
    for await (const piece of makeBody('ab', 'c')) pieces.push(text(piece));
    expect(pieces).toEqual(['ab', 'c']);
  });

  test('can be left, and read on from there', async () => {
    const input = makeBody('ab', 'cd');
    for await (const piece of input) {
      expect(text(piece)).toBe('ab');
      break;
    }
    expect(text(await input.read())).toBe('cd');
  });
});

describe('two readers at a time', () => {
  test('are refused, also where all has come already', async () => {
    const input = makeBody('a\n', 'b\n');
    const first = input.readlines();
    await expect(input.read()).rejects.toMatchObject({ code: 'CONCURRENT_READ' });
    expect((await first).map(text)).toEqual(['a\n', 'b\n']);
  });

  test('do not take the body from the first one', async () => {
    const { input } = makeInput();
    const first = input.read();
    const second = input[Symbol.asyncIterator]().next();
    await expect(second).rejects.toMatchObject({ code: 'CONCURRENT_READ' });
    input.push(Buffer.from('ab'));
    input.end();
    expect(text(await first)).toBe('ab');
  });
});

describe('a body that does not come', () => {
  const gone = new RequestError('CLIENT_GONE', 'gone');

  test('rejects the read that waits for it, and every later one', async () => {
    const { input } = makeInput('a');
    const read = input.read();
    input.fail(gone);
    await expect(read).rejects.toBe(gone);
    await expect(input.read()).rejects.toBe(gone);
  });

  test('gives what had come before it rejects', async () => {
    const { input } = makeInput('ab');
    input.fail(gone);
    expect(text(await input.read(2))).toBe('ab');
    await expect(input.read(1)).rejects.toBe(gone);
  });

  test('is no matter when it had come already', async () => {
    const input = makeBody('ab');
    input.fail(gone);
    expect(text(await input.read())).toBe('ab');
  });

  test('cannot be read after the end of the response', async () => {
    const { input } = makeInput('ab');
    const read = input.read(9);
    input.discard();
    await expect(read).rejects.toMatchObject({ code: 'RESPONSE_OVER' });
    await expect(input.readline()).rejects.toMatchObject({ code: 'RESPONSE_OVER' });
  });
});

describe('the source', () => {
  test('is asked when a read has to wait', async () => {
    const { input, asked } = makeInput('a');
    await input.read(1);
    expect(asked).toEqual([]);
    const read = input.read(1);
    await Promise.resolve();
    expect(asked).toEqual(['wanted']);
    input.end();
    await read;
  });

  test('is to stop when the buffer is full, and told when there is room again', async () => {
    const { input, asked } = makeInput();
    for (let i = 0; i < 2; i++) input.push(Buffer.alloc(65_536));
    expect(input.full).toBe(true);
    await input.read(10);
    expect(input.full).toBe(true);
    await input.read(100_000);
    expect(input.full).toBe(false);
    expect(asked).toEqual(['room']);
  });

  test('is to stop as well when there are many small pieces', () => {
    const { input } = makeInput();
    for (let i = 0; i < 2000; i++) input.push(Buffer.from('x'));
    expect(input.full).toBe(true);
  });

  test('is never held by a body that nobody reads any more', () => {
    const { input, asked } = makeInput();
    input.push(Buffer.alloc(200_000));
    input.discard();
    expect(asked).toEqual(['room']);
    input.push(Buffer.alloc(200_000));
    expect(input.full).toBe(false);
    expect(input.received).toBe(400_000);
  });
});

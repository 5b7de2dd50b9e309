import { describe, expect, test } from 'vitest';
import { emptyInput, type InputMisuse, InputReader } from '../src/index.ts';

/** Gives these pieces, each in a later turn. */
class Pieces extends InputReader {
  readonly #pieces: string[];

  constructor(...pieces: string[]) {
    super();
    this.#pieces = pieces;
  }

  protected override async nextPiece(): Promise<Uint8Array | undefined> {
    await Promise.resolve();
    const piece = this.#pieces.shift();
    return piece === undefined ? undefined : Buffer.from(piece);
  }

  protected override misuse(code: InputMisuse, message: string): Error {
    return Object.assign(new Error(message), { code });
  }
}

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();
const BODY = 'one\ntwo\n\nthree';

/** A text in pieces of a size. */
function inPieces(body: string, size: number): string[] {
  return body.match(new RegExp(`[^]{1,${size}}`, 'g')) ?? [];
}

describe.each([1, 2, 3, 4, 7, 100])('a body in pieces of %i', (size) => {
  const input = (): Pieces => new Pieces(...inPieces(BODY, size));

  test('is read to its end', async () => {
    const body = input();
    expect(text(await body.read())).toBe(BODY);
    expect(text(await body.read())).toBe('');
    expect(text(await input().read(-1))).toBe(BODY);
  });

  test('is read so many bytes at a time, as many as that until the end', async () => {
    const body = input();
    const parts = [];
    for (let part = text(await body.read(5)); part !== ''; part = text(await body.read(5))) parts.push(part);
    expect(parts).toEqual(['one\nt', 'wo\n\nt', 'hree']);
    expect(text(await input().read(0))).toBe('');
  });

  test('is read line by line', async () => {
    const body = input();
    const lines = [];
    for (let line = text(await body.readline()); line !== ''; line = text(await body.readline()))
      lines.push(line);
    expect(lines).toEqual(['one\n', 'two\n', '\n', 'three']);
  });

  test('gives at most so much of a line', async () => {
    const body = input();
    expect([await body.readline(2), await body.readline(2), await body.readline(2)].map(text)).toEqual([
      'on',
      'e\n',
      'tw',
    ]);
  });

  test('gives lines until so many bytes are reached', async () => {
    expect((await input().readlines()).map(text)).toEqual(['one\n', 'two\n', '\n', 'three']);
    expect((await input().readlines(5)).map(text)).toEqual(['one\n', 'two\n']);
    expect((await input().readlines(0)).map(text)).toHaveLength(4);
  });

  test('can be iterated, also behind a read of a part', async () => {
    const body = input();
    await body.read(2);
    let rest = '';
    for await (const piece of body) {
      expect(piece.length).toBeGreaterThan(0);
      rest += text(piece);
    }
    expect(rest).toBe(BODY.slice(2));
  });
});

test('what is read is a Buffer, in one piece or in several', async () => {
  expect(String(await new Pieces('abc').read())).toBe('abc');
  expect(String(await new Pieces('a', 'b', 'c').read())).toBe('abc');
});

test.each([1.5, Number.NaN])('%d is no size to read', async (size) => {
  await expect(new Pieces('a').read(size)).rejects.toMatchObject({ code: 'BAD_READ_SIZE' });
  await expect(new Pieces('a').readline(size)).rejects.toMatchObject({ code: 'BAD_READ_SIZE' });
});

test('two reads at a time are refused, and the first one is not harmed', async () => {
  const body = new Pieces('a', 'b');
  const first = body.read();
  await expect(body.readline()).rejects.toMatchObject({ code: 'CONCURRENT_READ' });
  expect(text(await first)).toBe('ab');
  expect(text(await body.read())).toBe('');
});

test('the input of a request without a body is at its end', async () => {
  expect(await emptyInput.read()).toHaveLength(0);
  expect(await emptyInput.readline()).toHaveLength(0);
  expect(await emptyInput.readlines()).toEqual([]);
  for await (const piece of emptyInput) expect.unreachable(String(piece));
});

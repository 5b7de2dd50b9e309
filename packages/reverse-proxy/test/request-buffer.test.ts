import { temporaryFolder } from '@highball/testkit';
import { readdir } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { bufferBody } from '../src/request-buffer.ts';

async function* pieces(...texts: string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield Buffer.from(text);
}

async function textOf(body: AsyncIterable<Uint8Array>): Promise<string> {
  let text = '';
  for await (const chunk of body) text += Buffer.from(chunk).toString();
  return text;
}

describe('a body', () => {
  test('that is short is kept in memory, and can be read again', async () => {
    const body = await bufferBody(pieces('ab', 'cd'), undefined, {
      maxMemoryBytes: 4,
      maxBytes: 10,
      folder: '/nowhere',
    });
    expect([body?.length, body?.pieces?.length]).toEqual([4, 2]);
    expect(await textOf(body!.read())).toBe('abcd');
    expect(await textOf(body!.read())).toBe('abcd');
  });

  test('that is longer goes on in a file without a name', async () => {
    await using folder = await temporaryFolder();
    const long = 'x'.repeat(100_000);
    const limits = { maxMemoryBytes: 3, maxBytes: 1e6, folder: folder.path };
    const body = await bufferBody(pieces('ab', 'cd', long), undefined, limits);
    expect(body?.pieces).toBeUndefined();
    expect(await readdir(folder.path)).toEqual([]);
    for (let i = 0; i < 2; i++) expect(await textOf(body!.read())).toBe(`abcd${long}`);
    await body?.dispose();
    await expect(textOf(body!.read())).rejects.toThrow('closed');
  });

  test('that is too long is not kept', async () => {
    await using folder = await temporaryFolder();
    const limits = { maxMemoryBytes: 1, maxBytes: 3, folder: folder.path };
    expect(await bufferBody(pieces('ab', 'cd'), undefined, limits)).toBeUndefined();
  });

  test('that breaks off is none', async () => {
    const broken = (async function* () {
      yield Buffer.from('a');
      throw new Error('gone');
    })();
    await expect(
      bufferBody(broken, undefined, { maxMemoryBytes: 9, maxBytes: 9, folder: undefined }),
    ).rejects.toThrow('gone');
  });
});

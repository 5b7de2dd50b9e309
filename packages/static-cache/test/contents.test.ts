import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder } from '@highball/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Contents } from '../src/contents.ts';
import { Descriptors } from '../src/descriptors.ts';
import type { FileEntry } from '../src/entry.ts';
import { readEntry } from '../src/entry.ts';
import { resolveOptions } from '../src/options.ts';
import type { Representation } from '../src/representation.ts';
import { heapUsed } from './support.ts';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
const options = resolveOptions({});
const descriptors = new Descriptors(options);
const SIZE = 100_000;

beforeAll(async () => {
  folder = await temporaryFolder();
  await mkdir(join(folder.path, 'many'));
  for (let i = 0; i < 30; i++) await writeFile(join(folder.path, `${i}.bin`), String(i % 10).repeat(SIZE));
});
afterAll(() => folder[Symbol.asyncDispose]());

async function fileOf(name: string): Promise<Representation> {
  const entry = await readEntry(name, { root: folder.path, options, descriptors });
  return (entry as FileEntry).identity;
}

const contentsOf = (maxBytes: number, maxFileBytes = 1e6): Contents =>
  new Contents({ maxBytes, maxFileBytes }, descriptors);

describe('contents', () => {
  test('are read once for all who ask at the same moment', async () => {
    const contents = contentsOf(1e6);
    const file = await fileOf('1.bin');
    const [first, second] = [contents.load(file), contents.load(file)];
    expect(first).toBe(second);
    expect(contents.bytes).toBeGreaterThan(SIZE);
    expect((await first)?.bytes.byteLength).toBe(SIZE);
    expect(contents.get(file)).toBe(await first);
  });

  test('of large files are not kept', async () => {
    expect(contentsOf(1e6, SIZE - 1).accepts(await fileOf('1.bin'))).toBe(false);
    expect(contentsOf(SIZE, 1e6).accepts(await fileOf('1.bin'))).toBe(false);
  });

  test('of another state of the file are none', async () => {
    const contents = contentsOf(1e6);
    const file = await fileOf('2.bin');
    await contents.load(file);
    expect(contents.get({ ...file, state: 'other' })).toBeUndefined();
    expect(await contents.load({ ...file, state: 'other' })).toBeUndefined();
  });

  test('stay below their limit, also while they are read', async () => {
    const contents = contentsOf(5 * SIZE);
    const files = await Promise.all(Array.from({ length: 30 }, (_, i) => fileOf(`${i}.bin`)));
    let refused = 0;
    const loads = files.map(async (file) => {
      if (!contents.accepts(file)) {
        refused++;
        return;
      }
      const loading = contents.load(file);
      expect(contents.bytes).toBeLessThanOrEqual(5 * SIZE);
      await loading;
      expect(contents.bytes).toBeLessThanOrEqual(5 * SIZE);
    });
    await Promise.all(loads);
    expect(refused).toBe(26);
    // A quarter is left to what is evicted and still being sent.
    expect(contents.size).toBe(3);
  });

  test('that are still in memory count although they were evicted, and no more are read then', async () => {
    const collect: (() => void)[] = [];
    const contents = new Contents({ maxBytes: 8 * SIZE, maxFileBytes: SIZE }, descriptors, (_, callback) => {
      collect.push(callback);
    });
    const loadAll = async (): Promise<number> => {
      let accepted = 0;
      for (let i = 0; i < 30; i++) {
        const file = await fileOf(`${i}.bin`);
        if (contents.get(file) !== undefined || !contents.accepts(file)) continue;
        const loading = contents.load(file);
        // Room is made before it is taken.
        expect(contents.bytes).toBeLessThanOrEqual(8 * SIZE);
        await loading;
        expect(contents.bytes).toBeLessThanOrEqual(8 * SIZE);
        accepted++;
      }
      return accepted;
    };
    // Five in the cache, and two that were evicted.
    expect(await loadAll()).toBe(7);
    expect(collect).toHaveLength(2);
    for (const callback of collect.splice(0)) callback();
    expect(await loadAll()).toBe(2);
  });

  test('count as long as somebody has a part of them, and no longer', async () => {
    const contents = contentsOf(4 * SIZE);
    const part = (await contents.load(await fileOf('1.bin')))?.bytes.subarray(5, 6);
    for (const name of ['2.bin', '3.bin', '4.bin']) await contents.load(await fileOf(name));
    const lingers = async (): Promise<number> => {
      heapUsed();
      await new Promise((resolve) => setImmediate(resolve));
      return Math.floor(contents.bytes / SIZE) - contents.size;
    };
    await expect.poll(lingers).toBe(1);
    expect(part?.toString()).toBe('1');
  });

  test('are sent in the same frozen array each time', async () => {
    const contents = contentsOf(1e6);
    const file = await fileOf('1.bin');
    const body = (await contents.load(file))?.body;
    expect(contents.get(file)?.body).toBe(body);
    expect(Object.isFrozen(body)).toBe(true);
    expect(body).toEqual([Buffer.alloc(SIZE, '1')]);
  });
});

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
    expect(contents.size).toBe(4);
  });

  test('that are still being sent count although they were evicted, and no more are read then', async () => {
    const contents = contentsOf(3 * SIZE);
    const bodies: { close?(): void }[] = [];
    for (let i = 0; i < 10; i++) {
      const file = await fileOf(`${i}.bin`);
      if (!contents.accepts(file)) continue;
      const content = await contents.load(file);
      if (content) bodies.push(contents.send(content, [content.bytes]));
      expect(contents.bytes).toBeLessThanOrEqual(3 * SIZE);
    }
    expect(bodies.length).toBe(2);
    for (const body of bodies) {
      body.close?.();
      body.close?.();
    }
    expect(contents.accepts(await fileOf('20.bin'))).toBe(true);
    for (let i = 20; i < 30; i++) {
      const loading = contents.load(await fileOf(`${i}.bin`));
      // Room is made before it is taken.
      expect(contents.bytes).toBeLessThanOrEqual(3 * SIZE);
      await loading;
      expect(contents.bytes).toBeLessThanOrEqual(3 * SIZE);
    }
  });

  test('small ones are sent as a plain array', async () => {
    await writeFile(join(folder.path, 'small.txt'), 'small');
    const contents = contentsOf(1e6);
    const content = await contents.load(await fileOf('small.txt'));
    const pieces = [content?.bytes as Uint8Array];
    expect(contents.send(content!, pieces)).not.toHaveProperty('close');
  });
});

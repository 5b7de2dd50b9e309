import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder } from '@highball/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Descriptors } from '../src/descriptors.ts';
import { Metadata } from '../src/metadata.ts';
import { resolveOptions, type StaticCacheOptions } from '../src/options.ts';
import { heapUsed } from './support.ts';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
beforeAll(async () => {
  folder = await temporaryFolder();
});
afterAll(() => folder[Symbol.asyncDispose]());

async function root(files: Record<string, string>): Promise<string> {
  const path = join(folder.path, String(Math.random()).slice(2));
  await mkdir(path);
  for (const [name, content] of Object.entries(files)) await writeFile(join(path, name), content);
  return path;
}

function metadataOf(path: string, options: StaticCacheOptions = {}, maxBytes = 1e7): Metadata {
  const resolved = resolveOptions(options);
  return new Metadata({ root: path, options: resolved, descriptors: new Descriptors(resolved) }, maxBytes);
}

describe('what is known of names', () => {
  test('is known at once the second time', async () => {
    const metadata = metadataOf(await root({ 'a.txt': 'a' }));
    const first = await metadata.get('a.txt');
    expect(first.kind).toBe('file');
    expect(metadata.get('a.txt')).toBe(first);
    await metadata.get('nothing');
    expect(metadata.get('nothing')).toEqual({ kind: 'missing' });
  });

  test('is looked at once for all who ask at the same moment', async () => {
    const metadata = metadataOf(await root({ 'a.txt': 'a' }));
    const [first, second] = [metadata.get('a.txt'), metadata.get('a.txt')];
    expect(first).toBeInstanceOf(Promise);
    expect(first).toBe(second);
    await first;
  });

  test('is looked at again after a while, and kept when nothing has changed', async () => {
    let time = 0;
    const metadata = metadataOf(await root({ 'a.txt': 'a' }), { now: () => time });
    const first = await metadata.get('a.txt');
    time = 1001;
    const again = metadata.get('a.txt');
    expect(again).toBeInstanceOf(Promise);
    expect(await again).toBe(first);
    expect(metadata.get('a.txt')).toBe(first);
  });

  test('a compressed sibling that comes, and one that goes, is seen', async () => {
    let time = 0;
    const path = await root({ 'a.js': 'plain' });
    const metadata = metadataOf(path, { now: () => time });
    const codings = async (): Promise<unknown> => {
      const entry = await metadata.get('a.js');
      return entry.kind === 'file' && entry.codings;
    };
    expect(await codings()).toEqual([]);
    await writeFile(join(path, 'a.js.gz'), 'gzip');
    time += 1001;
    expect(await codings()).toEqual(['gzip']);
    await writeFile(join(path, 'a.js.br'), 'brotli');
    time += 1001;
    expect(await codings()).toEqual(['br', 'gzip']);
  });

  test('a sibling that leads out of the root is none', async () => {
    const path = await root({ 'a.js': 'plain' });
    await writeFile(join(folder.path, 'secret'), 'secret');
    await symlink(join(folder.path, 'secret'), join(path, 'a.js.br'));
    const entry = await metadataOf(path).get('a.js');
    expect(entry.kind === 'file' && entry.codings).toEqual([]);
  });

  test('keeps to its entries, also for names that lead nowhere', async () => {
    const metadata = metadataOf(await root({}), { maxEntries: 10 });
    for (let i = 0; i < 100; i++) await metadata.get(`nothing-${i}`);
    expect(metadata.size).toBe(10);
  });

  test('weighs no less than it costs', async () => {
    const path = await root(
      Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`file-${i}.txt`, 'x'])),
    );
    const metadata = metadataOf(path, { maxEntries: 100_000 });
    const before = heapUsed();
    for (let i = 0; i < 300; i++) await metadata.get(`file-${i}.txt`);
    for (let i = 0; i < 3000; i++) await metadata.get(`none-${i}-${'x'.repeat(100)}`);
    expect(heapUsed() - before).toBeLessThan(metadata.bytes);
    expect(metadata.size).toBe(3300);
  });

  test('a name that is part of a request’s head does not keep the head in memory', async () => {
    const metadata = metadataOf(await root({}));
    const before = heapUsed();
    for (let i = 0; i < 1000; i++) {
      const head = Buffer.alloc(10_000, `${i} `).toString();
      await metadata.get(head.slice(100, 140));
    }
    expect(metadata.size).toBe(1000);
    expect(heapUsed() - before).toBeLessThan(3_000_000);
  });
});

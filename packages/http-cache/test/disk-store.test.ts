import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from '@highball/testkit';
import { describe, expect, test } from 'vitest';
import type { HttpCacheOptions } from '../src/index.ts';
import { ask, Bench } from './support.ts';

const HOUR = { 'Cache-Control': 'max-age=3600' };

function files(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

const bytesIn = (folder: string): number => files(folder).reduce((sum, path) => sum + statSync(path).size, 0);

function bench(folder: string, body: string, options: HttpCacheOptions = {}): Bench {
  return new Bench(() => ({ fields: HOUR, body: [body] }), { folder, ...options });
}

describe('the second tier', () => {
  test.each([
    ['small, from memory again', 1000],
    ['large, from its file', 700_000],
  ])('answers after a restart: %s', async (_, size) => {
    await using folder = await temporaryFolder();
    const options = { maxMemoryObjectBytes: 100_000 };
    const before = bench(folder.path, 'x'.repeat(size), options);
    await before.ask();
    await before.cache.close();
    const after = bench(folder.path, 'new', options);
    for (const path of ['/', '/']) expect((await after.ask({ path })).body).toHaveLength(size);
    const part = await after.ask({ fields: { Range: `bytes=${size - 3}-` } });
    expect([part.status, part.body]).toEqual([206, 'xxx']);
    expect(part.get('Content-Range')).toBe(`bytes ${size - 3}-${size - 1}/${size}`);
    expect(after.asked).toBe(0);
    await after.cache.close();
  });

  test('has variants', async () => {
    await using folder = await temporaryFolder();
    const make = (): Bench =>
      new Bench((environ) => ({ fields: { ...HOUR, Vary: 'X-A' }, body: [`for ${environ['HTTP_X_A']}`] }), {
        folder: folder.path,
      });
    const before = make();
    for (const kind of ['a', 'b']) await before.ask({ fields: { 'X-A': kind } });
    await before.cache.close();
    const after = make();
    for (const kind of ['a', 'b'])
      expect((await after.ask({ fields: { 'X-A': kind } })).body).toBe(`for ${kind}`);
    expect(after.asked).toBe(0);
    await after.cache.close();
  });

  test('the same body is there once', async () => {
    await using folder = await temporaryFolder();
    const one = bench(folder.path, 'the same');
    for (const path of ['/a', '/b', '/c']) await one.ask({ path });
    await one.cache.settled();
    expect(files(join(folder.path, 'bodies'))).toHaveLength(1);
    expect(files(join(folder.path, 'heads'))).toHaveLength(3);
    await one.cache.close();
  });

  test.each(['heads', 'bodies'])('what is damaged in %s is a miss, for every byte', async (part) => {
    await using folder = await temporaryFolder();
    const one = bench(folder.path, 'body');
    await one.ask();
    await one.cache.close();
    const [path = ''] = files(join(folder.path, part));
    const whole = readFileSync(path);
    for (let i = 0; i < whole.length; i += part === 'heads' ? 37 : 1) {
      for (const damaged of [whole.subarray(0, i), flipped(whole, i)]) {
        const [other = ''] = files(join(folder.path, 'heads'));
        writeFileSync(part === 'heads' ? other || path : path, damaged);
        const after = bench(folder.path, 'fetched anew');
        expect((await after.ask()).body).toBe('fetched anew');
        await after.cache.close();
        // As it was, for the next.
        const again = bench(folder.path, 'body');
        again.cache.purge({ all: true });
        await again.ask();
        await again.cache.close();
      }
    }
  });

  test('a large body that is damaged is cut before the first wrong byte', async () => {
    await using folder = await temporaryFolder();
    const options = { maxMemoryObjectBytes: 1000 };
    const one = bench(folder.path, 'x'.repeat(600_000), options);
    await one.ask();
    await one.cache.close();
    const [path = ''] = files(join(folder.path, 'bodies'));
    writeFileSync(path, flipped(readFileSync(path), 300_000));
    const after = bench(folder.path, 'new', options);
    await expect(ask(after.app)).rejects.toMatchObject({ code: 'CORRUPT' });
    const sound = await after.ask({ fields: { Range: 'bytes=0-9' } });
    expect(sound.body).toBe('xxxxxxxxxx');
    await after.cache.close();
  });

  test('a body whose file is gone is fetched anew', async () => {
    await using folder = await temporaryFolder();
    const options = { maxMemoryObjectBytes: 1000 };
    const one = bench(folder.path, 'x'.repeat(5000), options);
    await one.ask();
    await one.cache.settled();
    for (const path of files(join(folder.path, 'bodies'))) rmSync(path);
    const answer = await one.ask();
    expect([answer.status, answer.body.length]).toEqual([200, 5000]);
    expect(one.asked).toBe(2);
    await one.cache.close();
  });

  test('stays below its cap, and keeps what was used last', async () => {
    await using folder = await temporaryFolder();
    const maxDiskBytes = 400_000;
    let nth = 0;
    const one = new Bench(() => ({ fields: HOUR, body: [`${nth++} ${'x'.repeat(10_000)}`] }), {
      folder: folder.path,
      maxDiskBytes,
      maxEntries: 1,
    });
    let most = 0;
    for (let i = 0; i < 120; i++) {
      await one.ask({ path: `/${i}` });
      // Asked for again and again: it stays.
      await one.ask({ path: '/0' });
      one.wait(1);
      await one.cache.settled();
      most = Math.max(most, bytesIn(folder.path));
    }
    expect(most).toBeLessThan(maxDiskBytes);
    expect(most).toBeGreaterThan(maxDiskBytes / 2);
    expect((await one.ask({ path: '/0' })).body).toMatch(/^0 /);
    expect((await one.ask({ path: '/5' })).body).not.toMatch(/^5 /);
    await one.cache.close();
  });

  test('what is aborted or not whole leaves nothing behind', async () => {
    await using folder = await temporaryFolder();
    const one = new Bench(() => ({ fields: { ...HOUR, 'Content-Length': '9' }, body: ['short'] }), {
      folder: folder.path,
    });
    await expect(one.ask()).rejects.toMatchObject({ code: 'TRUNCATED' });
    await one.cache.settled();
    await expect.poll(() => files(folder.path)).toEqual([join(folder.path, 'journal')]);
  });

  test('a 304 renews the head and leaves the body alone', async () => {
    await using folder = await temporaryFolder();
    const make = (): Bench =>
      new Bench(
        (environ) => {
          const fields = { 'Cache-Control': 'max-age=10', ETag: '"a"' };
          return environ.HTTP_IF_NONE_MATCH === undefined
            ? { fields, body: ['text'] }
            : { status: '304 Not Modified', fields: { ...fields, 'X-New': '1' }, body: [] };
        },
        { folder: folder.path },
      );
    const one = make();
    await one.ask();
    await one.cache.settled();
    one.wait(11);
    await one.ask();
    await one.cache.close();
    expect(files(join(folder.path, 'bodies'))).toHaveLength(1);
    const two = make();
    two.wait(12);
    const answer = await two.ask();
    expect([answer.body, answer.get('X-New'), answer.get('Age')]).toEqual(['text', '1', '1']);
    expect(two.asked).toBe(0);
    await two.cache.close();
  });

  test('a stale entry in memory gives way to a younger one on disk', async () => {
    await using folder = await temporaryFolder();
    const make = (): Bench =>
      new Bench(() => ({ fields: { 'Cache-Control': 'max-age=10' } }), { folder: folder.path });
    const [one, two] = [make(), make()];
    await one.ask();
    await one.cache.settled();
    await two.ask();
    expect(two.asked).toBe(0);
    one.wait(20);
    two.wait(20);
    await one.ask();
    await one.cache.settled();
    expect((await two.ask()).body).toBe('answer 2');
    expect(two.asked).toBe(0);
    await Promise.all([one.cache.close(), two.cache.close()]);
  });
});

function flipped(bytes: Buffer, at: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[at] = (copy[at] as number) ^ 1;
  return copy;
}

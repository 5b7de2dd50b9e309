import { readdirSync, readlinkSync } from 'node:fs';
import { rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder } from '@highball/testkit';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { Descriptors } from '../src/descriptors.ts';
import { changeOf, stateOf, statOf, unsettledMs } from '../src/state.ts';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let path: string;
beforeAll(async () => {
  folder = await temporaryFolder();
  path = join(folder.path, 'a');
});
afterAll(() => folder[Symbol.asyncDispose]());
afterEach(() => void vi.useRealTimers());

const make = (maxIdleFiles = 64): Descriptors => new Descriptors({ maxIdleFiles, wallClock: Date.now });
const state = async (of: string): Promise<string> => stateOf((await statOf(of))!);

/** How many descriptors of this process lead to a file (Linux). */
function openOnes(of: string): number {
  return readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).startsWith(of);
    } catch {
      return false;
    }
  }).length;
}

describe.skipIf(process.platform !== 'linux')('descriptors', () => {
  test('one for all who read the same file, also when they come at once', async () => {
    await writeFile(path, 'one');
    const descriptors = make(0);
    const file = { path, state: await state(path) };
    const [a, b] = await Promise.all([descriptors.acquire(file), descriptors.acquire(file)]);
    const c = await descriptors.acquire(file);
    expect(a).toBe(b);
    expect(a).toBe(c);
    expect([a?.users, openOnes(path)]).toEqual([3, 1]);
    for (const each of [a, b, c]) each?.release();
    await expect.poll(() => openOnes(path)).toBe(0);
  });

  test('none for a file that is not what it was', async () => {
    await writeFile(path, 'two');
    expect(await make().acquire({ path, state: 'other' })).toBeUndefined();
    expect(await make().acquire({ path: `${path}.none`, state: 'other' })).toBeUndefined();
    await expect.poll(() => openOnes(path)).toBe(0);
  });

  test('idle ones are used again, and the longest idle is closed when there are too many', async () => {
    const descriptors = make(1);
    const files = ['b', 'c'].map((name) => join(folder.path, name));
    for (const each of files) {
      await writeFile(each, 'x');
      (await descriptors.acquire({ path: each, state: await state(each) }))?.release();
    }
    await expect.poll(() => files.map(openOnes)).toEqual([0, 1]);
    const again = await descriptors.acquire({ path: files[1]!, state: await state(files[1]!) });
    expect([again?.users, openOnes(files[1]!)]).toEqual([1, 1]);
    again?.release();
  });

  test('idle ones are closed after a while, so that a deleted file gives its room back', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'performance'] });
    const deleted = join(folder.path, 'deleted');
    await writeFile(deleted, 'x');
    const wallClock = (): number => Date.now() + 1000;
    const descriptors = new Descriptors({ maxIdleFiles: 64, wallClock });
    (await descriptors.acquire({ path: deleted, state: await state(deleted) }))?.release();
    await rm(deleted);
    expect(openOnes(deleted)).toBe(1);
    vi.advanceTimersByTime(20_000);
    await expect.poll(() => openOnes(deleted)).toBe(0);
    expect(descriptors.size).toBe(0);
  });

  test('a replaced file is read to its end by who has it open, and opened anew for others', async () => {
    await writeFile(path, 'old');
    const descriptors = make();
    const old = await descriptors.acquire({ path, state: await state(path) });
    await writeFile(`${path}.new`, 'new');
    await rename(`${path}.new`, path);
    const young = await descriptors.acquire({ path, state: await state(path) });
    expect(young).not.toBe(old);
    const buffer = Buffer.alloc(3);
    await old?.read(buffer, 0);
    expect([String(buffer), await old?.isUnchanged()]).toEqual(['old', true]);
    old?.release();
    await expect.poll(() => openOnes(path)).toBe(1);
    young?.release();
  });

  test('a file that was written this moment is looked at again a moment later', async () => {
    await writeFile(path, 'aaa');
    const stats = (await statOf(path))!;
    const changed = Number(stats.ctimeMs);
    expect(unsettledMs(stats, changed + 5)).toBe(15);
    expect(unsettledMs(stats, changed + 20)).toBe(0);
    expect(unsettledMs(stats, changed - 1000)).toBe(0);
    // By its own clock the file has just been written: it is not believed before it has settled, and it changes.
    let time = changed;
    const descriptors = new Descriptors({ maxIdleFiles: 64, wallClock: () => (time += 15) });
    const acquired = descriptors.acquire({ path, state: stateOf(stats) });
    await writeFile(path, 'bbbb');
    expect(await acquired).toBeUndefined();
    expect(changeOf((await statOf(path))!)).not.toBe(changeOf(stats));
  });
});

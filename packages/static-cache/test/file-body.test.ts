import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder } from '@highball/testkit';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type Descriptor, Descriptors } from '../src/descriptors.ts';
import { FileBody, PIECE_BYTES } from '../src/file-body.ts';
import { stateOf, statOf } from '../src/state.ts';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
const bytes = Buffer.alloc(3 * PIECE_BYTES + 5, 'abcdefg');
beforeAll(async () => {
  folder = await temporaryFolder();
  await writeFile(join(folder.path, 'file'), bytes);
});
afterAll(() => folder[Symbol.asyncDispose]());

async function acquire(): Promise<Descriptor> {
  const path = join(folder.path, 'file');
  const descriptors = new Descriptors({ maxIdleFiles: 0, wallClock: Date.now });
  return (await descriptors.acquire({ path, state: stateOf((await statOf(path))!) })) as Descriptor;
}

test('parts and texts, in order', async () => {
  const body = new FileBody(await acquire(), [
    '<',
    { start: 1, end: 3 },
    '|',
    { start: PIECE_BYTES - 1, end: 2 * PIECE_BYTES },
    '>',
  ]);
  const pieces: Buffer[] = [];
  for await (const piece of body) pieces.push(Buffer.from(piece));
  await body.close();
  const expected = `<${bytes.subarray(1, 4)}|${bytes.subarray(PIECE_BYTES - 1, 2 * PIECE_BYTES + 1)}>`;
  expect(Buffer.concat(pieces).toString()).toBe(expected);
});

test('the same into memory that it is lent, of any size', async () => {
  for (const size of [1, 2, 100, 10_000_000]) {
    const parts = ['<', { start: 1, end: 3 }, '|', { start: 5, end: 9 }, '>'];
    const body = new FileBody(await acquire(), parts);
    const buffer = Buffer.alloc(size, '!');
    let all = '';
    for (let filled = await body.readInto(buffer); filled > 0; filled = await body.readInto(buffer)) {
      all += buffer.toString('latin1', 0, filled);
    }
    await body.close();
    expect(all).toBe('<bcd|fgabc>');
    expect(await body.readInto(buffer)).toBe(0);
  }
});

test('does not fill its last piece when the file has changed', async () => {
  const descriptor = await acquire();
  const body = new FileBody(descriptor, [{ start: 0, end: 9 }]);
  const buffer = Buffer.alloc(5);
  expect(await body.readInto(buffer)).toBe(5);
  vi.spyOn(descriptor, 'isUnchanged').mockResolvedValue(false);
  await expect(body.readInto(buffer)).rejects.toThrow('written into');
  await body.close();
});

test('reads one piece ahead, and no more than that', async () => {
  const descriptor = await acquire();
  const reads = vi.spyOn(descriptor, 'read');
  const body = new FileBody(descriptor, [{ start: 0, end: bytes.length - 1 }]);
  const iterator = body[Symbol.asyncIterator]();
  await iterator.next();
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(reads).toHaveBeenCalledTimes(2);
  await body.close();
});

test('gives its descriptor back once, and not while a read is under way', async () => {
  const descriptor = await acquire();
  let finish = (): void => undefined;
  let reading = false;
  vi.spyOn(descriptor, 'read').mockImplementation((buffer) => {
    reading = true;
    return new Promise((resolve) => {
      finish = () => ((reading = false), resolve(buffer.byteLength));
    });
  });
  const released = vi.spyOn(descriptor, 'release').mockImplementation(() => expect(reading).toBe(false));
  const body = new FileBody(descriptor, [{ start: 0, end: bytes.length - 1 }]);
  const next = body[Symbol.asyncIterator]().next();
  const closed = Promise.all([body.close(), body.close()]);
  await new Promise((resolve) => setImmediate(resolve));
  expect(released).not.toHaveBeenCalled();
  finish();
  await closed;
  expect(released).toHaveBeenCalledTimes(1);
  await next;
});

test('an empty part is nothing', async () => {
  const body = new FileBody(await acquire(), [{ start: 0, end: -1 }]);
  expect((await body[Symbol.asyncIterator]().next()).done).toBe(true);
  await body.close();
});

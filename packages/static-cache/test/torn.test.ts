import { open, rename, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createWorker } from '@highball/async-worker';
import type { Application } from '@highball/gateway-protocol';
import { temporaryFolder } from '@highball/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { staticCache } from '../src/index.ts';
import { ask, environOf } from './support.ts';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
beforeAll(async () => {
  folder = await temporaryFolder();
});
afterAll(() => folder[Symbol.asyncDispose]());

/** Asks as fast as it can until something is over; says which bodies came, and how many broke off. */
async function load(
  app: Application,
  path: string,
  over: Promise<void>,
): Promise<{ bodies: Map<string, number>; broken: number }> {
  const bodies = new Map<string, number>();
  let broken = 0;
  const state = { on: true };
  void over.finally(() => (state.on = false));
  const client = async (): Promise<void> => {
    while (state.on) {
      try {
        const { status, body } = await ask(app, `GET ${path}`);
        const key = status === 200 ? body : String(status);
        bodies.set(key, (bodies.get(key) ?? 0) + 1);
      } catch {
        broken++;
      }
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  await Promise.all([client(), client(), client()]);
  return { bodies, broken };
}

/** A whole version says its number, and has one kind of byte. */
const version = (i: number, size: number): string => String.fromCharCode(97 + (i % 26)).repeat(size);
const isWhole = (body: string): boolean =>
  /^\d{3}$/.test(body) || body === (body[0] ?? '').repeat(body.length);

describe.each([
  ['in memory', 200_000],
  ['on the disk', 1_500_000],
])('a file %s', (_, size) => {
  test('that is replaced by rename under load is old or new, whole, and never breaks off', async () => {
    const file = join(folder.path, `renamed-${size}.bin`);
    await writeFile(file, version(0, size));
    const app = staticCache(folder.path, { validMs: -1 });
    const replacing = (async () => {
      for (let i = 1; i <= 12; i++) {
        await writeFile(`${file}.new`, version(i, size));
        await rename(`${file}.new`, file);
        await new Promise((resolve) => setTimeout(resolve, 25));
      }
    })();
    const { bodies, broken } = await load(app, `/renamed-${size}.bin`, replacing);
    expect([...bodies.keys()].filter((body) => body.length !== size)).toEqual([]);
    expect([...bodies.keys()].filter((body) => !isWhole(body))).toEqual([]);
    expect(bodies.size).toBeGreaterThan(2);
    expect(broken).toBe(0);
  });

  test('that is rewritten in its place under load is never served torn', async () => {
    const file = join(folder.path, `rewritten-${size}.bin`);
    await writeFile(file, version(0, size));
    const app = staticCache(folder.path, { validMs: -1 });
    const rewriting = (async () => {
      const handle = await open(file, 'r+');
      for (let i = 1; i <= 12; i++) {
        // In pieces, so that there is always a moment at which one half is old and the other new.
        const bytes = Buffer.from(version(i, size));
        for (let at = 0; at < size; at += size / 4) {
          await handle.write(bytes, at, size / 4, at);
          await new Promise((resolve) => setTimeout(resolve, 1));
        }
        await new Promise((resolve) => setTimeout(resolve, 60));
      }
      await handle.close();
    })();
    const { bodies } = await load(app, `/rewritten-${size}.bin`, rewriting);
    expect([...bodies.keys()].filter((body) => !isWhole(body)).length).toBe(0);
    expect([...bodies.keys()].filter((body) => body.length === size).length).toBeGreaterThan(1);
  });
});

describe('a file that changes while it is sent', () => {
  const begin = async (name: string): Promise<{ rest(): Promise<number>; close(): void | Promise<void> }> => {
    await writeFile(join(folder.path, name), Buffer.alloc(3_000_000, 'x'));
    const app = staticCache(folder.path);
    const body = await app(environOf(`GET /${name}`), () => () => undefined);
    const iterator = (body as AsyncIterable<Uint8Array>)[Symbol.asyncIterator]();
    await iterator.next();
    const rest = async (): Promise<number> => {
      for (let pieces = 1; ; pieces++) if ((await iterator.next()).done) return pieces;
    };
    return { rest, close: () => body.close?.() };
  };

  test('into which somebody writes is not completed', async () => {
    const { rest, close } = await begin('written.bin');
    const handle = await open(join(folder.path, 'written.bin'), 'r+');
    await handle.write('y', 10);
    await handle.close();
    await expect(rest()).rejects.toMatchObject({ code: 'FILE_CHANGED' });
    await close();
  });

  test('that is cut short is not completed', async () => {
    const { rest, close } = await begin('shrinking.bin');
    await truncate(join(folder.path, 'shrinking.bin'), 100);
    await expect(rest()).rejects.toMatchObject({ code: 'FILE_SHORTENED' });
    await close();
  });

  test('that is replaced by another is sent to its end', async () => {
    const { rest, close } = await begin('replaced.bin');
    await writeFile(join(folder.path, 'replaced.new'), 'new');
    await rename(join(folder.path, 'replaced.new'), join(folder.path, 'replaced.bin'));
    expect(await rest()).toBe(Math.ceil(3_000_000 / 131_072));
    await close();
  });
});

test('a small file that is replaced under load has the entity tag of its content, whatever the worker keeps', async () => {
  const file = join(folder.path, 'small.txt');
  await writeFile(file, version(0, 2000));
  const worker = createWorker(staticCache(folder.path, { validMs: -1 }));
  const { port } = await worker.listen({ port: 0 });
  const bodies = new Map<string, Set<string>>();
  for (let i = 1; i <= 10; i++) {
    for (let k = 0; k < 20; k++) {
      const response = await fetch(`http://127.0.0.1:${port}/small.txt`);
      const etag = response.headers.get('etag') as string;
      bodies.set(etag, (bodies.get(etag) ?? new Set()).add(await response.text()));
    }
    await writeFile(`${file}.new`, version(i, 2000));
    await rename(`${file}.new`, file);
  }
  await worker.close();
  expect([...bodies.values()]).toEqual(Array.from({ length: 10 }, (_, i) => new Set([version(i, 2000)])));
});

test('a file that is written to without a pause is 503, and is not sent', async () => {
  const file = join(folder.path, 'restless.txt');
  await writeFile(file, 'x');
  // By this clock every file was written just now.
  let time = Date.now();
  const state = { on: true };
  const writing = (async () => {
    for (let i = 0; state.on; i++) {
      await writeFile(file, version(i, 1 + (i % 7)));
      time = Date.now();
    }
  })();
  const app = staticCache(folder.path, { validMs: -1, wallClock: () => time });
  const answer = await ask(app, 'GET /restless.txt');
  state.on = false;
  await writing;
  expect(answer).toMatchObject({ status: 503, headers: { 'retry-after': '1' } });
});

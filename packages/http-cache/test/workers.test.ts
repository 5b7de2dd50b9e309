import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { exchange, Program, temporaryFolder } from '@highball/testkit';
import { expect, test } from 'vitest';
import { purgeFolder } from '../src/index.ts';

const SCRIPT = join(import.meta.dirname, 'fixtures/worker.ts');
/** What goes from one process to another takes a while, on a machine that others use too. */
const SOON = { timeout: 30_000, interval: 10 };

function files(folder: string): string[] {
  if (!existsSync(folder)) return [];
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map(({ name }) => name);
}

/** A process with a cache. */
class Cached {
  readonly program: Program;
  #port = 0;

  private constructor(folder: string) {
    this.program = new Program(process.execPath, ['-C', '@highball/source', SCRIPT, folder]);
  }

  static async start(folder: string): Promise<Cached> {
    const cached = new Cached(folder);
    const [, port] = await cached.program.until(/port (\d+)\n/);
    cached.#port = Number(port);
    return cached;
  }

  /** Under one name, as behind one master: the same key in each. */
  async send(path: string, method = 'GET'): Promise<{ head: string; body: string }> {
    const text = await exchange(
      this.#port,
      `${method} ${path} HTTP/1.1\r\nHost: site.example\r\nConnection: close\r\n\r\n`,
    );
    const end = text.indexOf('\r\n\r\n');
    return { head: text.slice(0, end), body: text.slice(end + 4) };
  }

  /** The process and its request that the answer was made for. */
  async maker(path: string): Promise<string | undefined> {
    return /\r\nAsked: (.*)/.exec((await this.send(path)).head)?.[1];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.program.stop();
  }
}

test('what one has fetched the other finds, and what one or a script invalidates is invalid in both', async () => {
  await using folder = await temporaryFolder();
  await using one = await Cached.start(folder.path);
  await using two = await Cached.start(folder.path);
  const made = await one.maker('/a');
  expect(made).toBe(`${one.program.pid} 1`);
  // It is on disk in a moment; asked before, the other would make its own.
  await expect.poll(() => files(join(folder.path, 'heads')), SOON).toHaveLength(1);
  expect(await two.maker('/a')).toBe(made);

  const invalidations: (() => Promise<unknown> | void)[] = [
    () => one.send('/a', 'POST'),
    () => two.send('/a', 'POST'),
    () => purgeFolder(folder.path, { url: 'http://site.example/a' }),
    () => purgeFolder(folder.path, { tag: 'path-a' }),
    () => purgeFolder(folder.path, { prefix: 'http://site.example/' }),
    () => purgeFolder(folder.path, { all: true }),
  ];
  for (const invalidate of invalidations) {
    const before = [await one.maker('/a'), await two.maker('/a')];
    expect([await one.maker('/a'), await two.maker('/a')]).toEqual(before);
    await invalidate();
    for (const worker of [one, two]) {
      await expect.poll(async () => before.includes(await worker.maker('/a')), SOON).toBe(false);
    }
  }
});

test('killed at any moment, it leaves nothing that is not whole', async () => {
  await using folder = await temporaryFolder();
  const paths = Array.from({ length: 40 }, (_, index) => `/${index}?${(index % 4) * 120_000 + 10}`);
  for (let round = 0; round < 2; round++) {
    const victim = await Cached.start(folder.path);
    purgeFolder(folder.path, { all: true });
    const asking = Promise.allSettled(paths.map((path) => victim.send(path)));
    await new Promise((resolve) => setTimeout(resolve, 15 + round * 40));
    victim.program.signal('SIGKILL');
    await asking;
    await victim.program.exited;
    await using next = await Cached.start(folder.path);
    for (const path of paths) {
      const { body } = await next.send(path);
      const [name, size] = path.split('?');
      expect(body === `${name}:${'x'.repeat(Number(size))}:${name}`).toBe(true);
    }
    // The socket of the dead is removed.
    await expect.poll(() => readdirSync(join(folder.path, 'peers')).length, SOON).toBe(1);
  }
});

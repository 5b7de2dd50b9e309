import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { get } from '../upstream/support.ts';
import { end, Site, storedIn } from '../started.ts';

/** Tells which process has made an answer, and its how manieth it is. */
const APP = `let count = 0;
export const app = (environ, startResponse) => {
  startResponse('200 OK', [
    ['Content-Type', 'text/plain'], ['Cache-Control', 's-maxage=3600, stale-while-revalidate=60'],
    ['Cache-Tag', 'all-of-it path-' + environ.PATH_INFO.slice(1)], ['Vary', 'X-Variant'],
    ['X-Made', process.pid + ' ' + ++count],
  ]);
  return ['made'];
};`;

async function serve(site: Site, cache: string, workers: number): Promise<number> {
  await site.write('app.mjs', APP);
  await site.write(
    'highball.config.mjs',
    `export default { workers: ${workers}, reusePort: ${workers > 1}, routes: [{ app: './app.mjs', cache: ${cache} }] };`,
  );
  return (await site.runConfig()).port;
}

/** The answers that many requests get: whose they are, not what is in them. */
async function answers(port: number, path: string, count: number): Promise<Set<string>> {
  const seen = new Set<string>();
  for (let i = 0; i < count; i++) seen.add(/^X-Made: (.*)\r$/m.exec(await get(port, path))?.[1] ?? 'none');
  return seen;
}

const processes = (made: Set<string>): Set<string> =>
  new Set([...made].map((text) => text.split(' ')[0] ?? ''));

describe('highball ctl purge', () => {
  test('reaches the memory of every worker: none serves the old answer any more', async () => {
    await using site = await Site.make();
    const port = await serve(site, 'true', 3);
    const old = new Set<string>();
    // They are one cache; each has in memory what it was asked for, and which one is asked is the kernel's choice.
    await expect
      .poll(async () => {
        const made = await answers(port, '/a', 30);
        expect(made.size).toBe(1);
        expect([...made].filter((each) => old.has(each))).toEqual([]);
        for (const each of made) old.add(each);
        return await site.ctl('purge', '--tag', 'path-a');
      })
      .toBe('3 answers in the memory of 3 workers and 1 on disk\n');
    expect([...(await answers(port, '/a', 30))].filter((each) => old.has(each))).toEqual([]);
    expect(await site.ctl('purge', `http://site.example/a`, '--json')).toMatch(
      /^\{"workers":3,"memory":[123],"disk":1\}\n$/,
    );
    expect(await site.ctl('purge', '--tag', 'none-has-it')).toMatch(/^0 answers /);
  });

  test('counts what it removes from the disk, once for all workers', async () => {
    await using site = await Site.make();
    const port = await serve(site, "{ folder: 'stored', invalidationDelayMs: 0 }", 2);
    const [first] = await answers(port, '/a', 1);
    await answers(port, '/b', 1);
    // A worker that is asked before both are there, each with what it varies by, makes its own.
    await expect.poll(() => storedIn(join(site.path, 'stored'))).toBe(4);
    await expect.poll(() => answers(port, '/a', 8)).toEqual(new Set([first]));
    await expect.poll(() => site.ctl('purge', '--prefix', 'http://site.example/a')).toMatch(/ 1 on disk\n$/);
    expect((await answers(port, '/a', 8)).has(first as string)).toBe(false);
    expect(await site.ctl('purge', '--all')).toMatch(/ 2 on disk\n$/);
  });

  test('reaches the workers of both masters that an upgrade has, whichever is asked', async () => {
    await using site = await Site.make();
    const port = await serve(site, 'true', 1);
    const old = await site.control();
    const { pid: before } = await old.call('status');
    process.kill(before, 'SIGUSR2');
    const newer = await expect
      .poll(() => site.control(`${site.socket}.2`).catch(() => undefined))
      .toBeDefined()
      .then(() => site.control(`${site.socket}.2`));
    for (const asked of [old, newer]) {
      await expect.poll(async () => processes(await answers(port, '/a', 10)).size).toBe(2);
      const made = await answers(port, '/a', 20);
      expect(await asked.call('purge', { target: { tag: 'path-a' } })).toEqual({
        workers: 2,
        memory: 2,
        disk: 0,
      });
      expect([...(await answers(port, '/a', 20))].filter((each) => made.has(each))).toEqual([]);
    }
    await end((await newer.call('status')).pid);
  });

  test('a soft one lets the old answer stand in while it is fetched anew', async () => {
    await using site = await Site.make();
    const port = await serve(site, 'true', 1);
    const [old] = await answers(port, '/a', 1);
    expect(await site.ctl('purge', 'http://site.example/a', '--soft')).toBe(
      '1 answer in the memory of 1 worker and 0 on disk\n',
    );
    expect(await answers(port, '/a', 1)).toEqual(new Set([old]));
    await expect.poll(() => answers(port, '/a', 1)).not.toEqual(new Set([old]));
  });

  test('what cannot be done is one line', async () => {
    await using site = await Site.make();
    await serve(site, 'false', 1);
    const line = (...args: string[]): Promise<string> =>
      site.ctl('purge', ...args).catch(({ message }: Error) => message);
    expect(await line('--all')).toBe(
      'highball: no route has a cache: give one `cache: true` in the configuration\n',
    );
    expect(await line()).toBe('highball: name one thing to purge: URL, --prefix URL, --tag TAG or --all\n');
    expect(await line('--all', '--tag', 'x')).toMatch(/^highball: name one thing/);
    await using cached = await Site.make();
    await serve(cached, 'true', 1);
    const wrong = cached.ctl('purge', '/relative').catch(({ message }: Error) => message);
    expect(await wrong).toMatch(/^highball: worker 1 \(pid \d+\): .*\/relative/);
  });
});

import { rmSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { Site, WHO, who } from '../started.ts';

const BROKEN = 'export default ((';

/** Each worker answers with the word of its configuration's environment. */
function config(word: string, more = ''): string {
  return `import { route } from './route.mjs';
    export default { workers: 2, rawEnv: ['WORD=${word}'], routes: [route], ${more} };`;
}

const FILES = {
  'app.mjs': WHO,
  'route.mjs': "export const route = { app: './app.mjs', headers: { 'x-none': false } };",
  'highball.config.mjs': config('first'),
};

/** Kills a worker, and waits until another is in its place. */
async function replaceWorker(site: Site): Promise<void> {
  const [pool] = (await site.status()).pools;
  const pids = pool?.workers.map(({ pid }) => pid) ?? [];
  process.kill(pids[0] as number, 'SIGKILL');
  await expect
    .poll(async () => {
      const workers = (await site.status()).pools[0]?.workers ?? [];
      return workers.filter(({ state, pid }) => state === 'ready' && pid !== pids[0]).length;
    })
    .toBe(2);
}

describe('a worker that dies is replaced from the configuration that is in force', () => {
  test.each([
    ['cannot be parsed', (site: Site) => site.write('highball.config.mjs', BROKEN)],
    ['is no configuration any more', (site: Site) => site.write('highball.config.mjs', 'export default {}')],
    ['is gone', async (site: Site) => rmSync(`${site.path}/highball.config.mjs`)],
    ['says something else', (site: Site) => site.write('highball.config.mjs', config('second'))],
  ])('while its file %s', async (_, change) => {
    await using site = await Site.make(FILES);
    const { port } = await site.runConfig();
    await change(site);
    await replaceWorker(site);
    for (let i = 0; i < 4; i++) expect((await who(port)).word).toBe('first');
    await site.write('highball.config.mjs', config('third'));
    await site.ctl('reload');
    expect((await who(port)).word).toBe('third');
  });

  test('whose file is TypeScript, and a link', async () => {
    const text = `const words: readonly string[] = ['WORD=typed'];\n${config('x').replace(/\['WORD=x'\]/, '[...words]')}`;
    await using site = await Site.make({
      ...FILES,
      'real/site.ts': text,
      'real/route.mjs': FILES['route.mjs'],
    });
    await site.write('real/app.mjs', WHO);
    const { symlinkSync } = await import('node:fs');
    symlinkSync('real/site.ts', `${site.path}/site.ts`);
    rmSync(`${site.path}/route.mjs`);
    const program = site.run(['run', '-c', 'site.ts', '-b', '127.0.0.1:0', '--control-socket', 'control']);
    const [, port] = await program.until(/serves http:\/\/[^:]+:(\d+)/);
    await site.write('real/site.ts', BROKEN);
    await replaceWorker(site);
    for (let i = 0; i < 4; i++) expect((await who(Number(port))).word).toBe('typed');
  });

  test('after a reload that was given up, too, and more workers as well', async () => {
    await using site = await Site.make(FILES);
    const { port, program } = await site.runConfig();
    const wrong = config('second').replace('workers: 2', "workers: 3, explain: { secret: 'short' }");
    await site.write('highball.config.mjs', wrong);
    const before = (await site.status()).pools[0];
    await expect(site.ctl('reload')).rejects.toThrow(
      /highball\.config\.mjs: explain: explain\.secret must have 16 characters or more/,
    );
    expect(program.output).toMatch(/the reload is given up; the old workers stay in service: .*explain/);
    const after = (await site.status()).pools[0];
    expect(after).toMatchObject({ size: 2, generation: 1 });
    expect(after?.workers.map(({ pid }) => pid)).toEqual(before?.workers.map(({ pid }) => pid));
    await replaceWorker(site);
    await site.ctl('scale', '3');
    for (let i = 0; i < 6; i++) expect((await who(port)).word).toBe('first');
  });

  test('after a reload whose workers did not come up, too', async () => {
    await using site = await Site.make(FILES);
    const { port } = await site.runConfig();
    await site.write('highball.config.mjs', config('second', "procName: 'other'"));
    await site.write('app.mjs', "throw new Error('not now')");
    await expect(site.ctl('reload')).rejects.toThrow(/not now/);
    await site.write('app.mjs', WHO);
    await replaceWorker(site);
    for (let i = 0; i < 4; i++) expect((await who(port)).word).toBe('first');
  });
});

test('a file that each process has to read, as CommonJS is: its slot waits, says why, and the others serve', async () => {
  const text = "module.exports = { workers: 2, routes: [{ app: './app.mjs' }] };";
  await using site = await Site.make({ 'highball.config.cjs': text });
  const args = ['run', '-c', 'highball.config.cjs', '-b', '127.0.0.1:0', '--control-socket', 'control'];
  const program = site.run(args);
  const [, port, pid] = await program.until(/serves http:\/\/[^:]+:(\d+)\n.*\n +front +workers (\d+)/);
  await site.write('highball.config.cjs', BROKEN);
  process.kill(Number(pid), 'SIGKILL');
  await program.until(/worker 1 .*cannot load .*highball\.config\.cjs/);
  expect((await who(Number(port))).master).toBe(program.pid);
  await site.write('highball.config.cjs', text);
  await expect
    .poll(
      async () => (await site.status()).pools[0]?.workers.filter(({ state }) => state === 'ready').length,
      {
        timeout: 20_000,
      },
    )
    .toBe(2);
});

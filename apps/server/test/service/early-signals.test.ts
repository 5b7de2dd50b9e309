import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Program } from '@highball/testkit';
import { describe, expect, test } from 'vitest';
import { end, portOf, Site, who } from '../started.ts';

const preload = pathToFileURL(join(import.meta.dirname, '../fixtures/signal-while-loading.mjs')).href;

/** The command gets these signals before it has loaded anything of its own. */
function early(...signals: string[]): NodeJS.ProcessEnv {
  return { NODE_OPTIONS: `--import=${preload}`, EARLY_SIGNALS: signals.join(' ') };
}

const SERVE = ['serve', 'app.mjs', '-b', '127.0.0.1:0', '--control-socket', 'control'];

/** Whether a process handles HUP: from its first moments on. */
function handlesHup(pid: number): boolean {
  const [, mask = '0'] = /^SigCgt:\s*([\da-f]+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return (BigInt(`0x${mask}`) & 1n) === 1n;
}

async function untilItHandlesHup({ pid }: Program): Promise<void> {
  while (!handlesHup(pid)) await sleep(1);
}

/** The processes that a master has started, as far as they are there. */
function childrenOf(pid: number): number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((each) => {
      try {
        const stat = readFileSync(`/proc/${each}/stat`, 'utf8');
        return Number(stat.slice(stat.lastIndexOf(')')).split(' ')[2]) === pid;
      } catch {
        return false;
      }
    });
}

function isGone(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return false;
  } catch {
    return true;
  }
}

describe('a signal that comes before the command has loaded anything', () => {
  test.each(['SIGTERM', 'SIGINT', 'SIGQUIT'])(
    '%s ends it before anything is bound, with 0',
    async (signal) => {
      await using site = await Site.make();
      const program = site.run([...SERVE, '--log-level', 'debug'], early(signal));
      expect(await program.exited).toBe(0);
      expect(program.stdout).not.toMatch(/serves|listening/);
    },
  );

  test('HUP is a reload once it serves, and USR1 and TTIN are what they are', async () => {
    await using site = await Site.make();
    const program = site.run(SERVE, early('SIGHUP', 'SIGUSR1', 'SIGTTIN'));
    const port = await portOf(program);
    await expect
      .poll(async () => (await site.status()).pools, { timeout: 15_000 })
      .toMatchObject([{ size: 2, generation: 2, reloading: false }]);
    expect((await who(port)).master).toBe(program.pid);
  });

  test('USR2 is an upgrade once it serves', async () => {
    await using site = await Site.make();
    const program = site.run(SERVE, early('SIGUSR2'));
    const [, pid] = await program.until(/serves [^]*serves .*\n +master +(\d+)/);
    expect(Number(pid)).not.toBe(program.pid);
    await end(Number(pid));
  });

  test('a command that is no server ends by it as any other does', async () => {
    await using site = await Site.make();
    const program = site.run([...SERVE, '--check-config'], early('SIGTERM'));
    expect(await program.exited).toBe('SIGTERM');
  });
});

describe.skipIf(process.platform !== 'linux')('from its first moment to the last of its start', () => {
  test('signals that end a process by default do not end it', async () => {
    await using site = await Site.make();
    const program = site.run(SERVE);
    await untilItHandlesHup(program);
    const signals = ['SIGHUP', 'SIGUSR1', 'SIGTTOU'] as const;
    for (let i = 0; !program.stdout.includes('serves'); i++) {
      program.signal(signals[i % signals.length] ?? 'SIGHUP');
      await sleep(3);
    }
    expect((await who(await portOf(program))).master).toBe(program.pid);
  });

  test.each([
    ['serve', SERVE.slice(0, 4)],
    ['run', ['run', '-c', 'site.mjs', '-b', '127.0.0.1:0']],
  ])('TERM and INT end %s whenever they come, and nothing of it stays', async (_, command) => {
    await using site = await Site.make({
      'site.mjs': "export default { upstreams: { a: { app: './app.mjs' } }, routes: [{ proxy: 'a' }] };",
    });
    for (let delayMs = 0; delayMs <= 900; delayMs += 75) {
      const program = site.run([...command, '--control-socket', 'off', '--pid', 'pid']);
      await untilItHandlesHup(program);
      await sleep(delayMs);
      const children = childrenOf(program.pid);
      program.signal(delayMs % 2 === 0 ? 'SIGTERM' : 'SIGINT');
      expect(await program.exited, `${delayMs} ms: ${program.output}`).toBe(0);
      for (const pid of children) await expect.poll(() => isGone(pid)).toBe(true);
      expect(readdirSync(site.path)).not.toContain('pid');
    }
  });
});

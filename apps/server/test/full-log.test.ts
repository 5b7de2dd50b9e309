import { execFileSync } from 'node:child_process';
import { closeSync, constants, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { highballBin, Program } from '@highball/testkit';
import { expect, test } from 'vitest';
import { type ServerStatus } from '../src/ctl/types.ts';
import { portOf, Site, who } from './started.ts';

/** Writes a long line to the error log for each request, and to standard error by itself if it is asked to. */
const NOISY = `export const app = (environ, startResponse) => {
  environ['wsgi.errors'].write('x'.repeat(3000) + '\\n');
  startResponse('200 OK', []);
  return [JSON.stringify({ pid: process.pid })];
};`;

const { O_NONBLOCK, O_RDONLY } = constants;

/** A named pipe that is open for reading, and read when it is said. */
class SlowReader implements Disposable {
  readonly path: string;
  readonly #fd: number;

  constructor(path: string) {
    execFileSync('mkfifo', [path]);
    this.path = path;
    this.#fd = openSync(path, O_RDONLY | O_NONBLOCK);
  }

  /** All that is in it now. */
  read(): string {
    const buffer = Buffer.alloc(1 << 20);
    let text = '';
    for (;;) {
      try {
        const length = readSync(this.#fd, buffer);
        if (length === 0) return text;
        text += buffer.toString('latin1', 0, length);
      } catch {
        return text;
      }
    }
  }

  [Symbol.dispose](): void {
    closeSync(this.#fd);
  }
}

/** Asks so often that the log holds more than any pipe does, and finds master and workers as they should be. */
async function expectUnmoved(site: Site, port: number): Promise<void> {
  const { pid } = await who(port);
  for (let i = 0; i < 200; i++) expect((await who(port)).pid).toBe(pid);
  process.kill(pid, 'SIGKILL');
  await expect
    .poll(() => site.status(), { timeout: 10_000 })
    .toSatisfy((status: ServerStatus) => {
      const [worker] = status.pools[0]?.workers ?? [];
      return worker?.state === 'ready' && worker.pid !== pid;
    });
  for (let i = 0; i < 50; i++) await who(port);
}

/** Reads until it is told how many lines are lost; the first line after that is whole. */
async function expectLossTold(reader: SlowReader): Promise<void> {
  let text = '';
  const isTold = (): boolean => {
    text += reader.read();
    return /\[WARN\] front worker 1: \d+ lines of this log are lost/.test(text);
  };
  await expect.poll(isTold, { timeout: 10_000 }).toBe(true);
  const wrong = text
    .trimEnd()
    .split('\n')
    .filter((line) => !/^\[\d{4}-\d\d-\d\d /.test(line));
  expect(wrong.map((line) => line.slice(0, 80))).toEqual([]);
}

/** A command as a shell takes it, with what is redirected. */
const shell = (site: Site, command: string): Program =>
  new Program(
    '/bin/sh',
    ['-c', `exec ${process.execPath} ${highballBin} ${command} --control-socket control`],
    {
      cwd: site.path,
    },
  );

test.each([
  ['standard error that is a pipe which nobody reads holds nobody up; the loss is told', '2> pipe'],
  ['so does a log file that is such a pipe, though nobody writes to it any more', '--error-log pipe'],
])('%s', async (_, log) => {
  await using site = await Site.make({ 'app.mjs': NOISY });
  using reader = new SlowReader(join(site.path, 'pipe'));
  await using program = shell(site, `serve app.mjs -b 127.0.0.1:0 ${log}`);
  await expectUnmoved(site, await portOf(program));
  await expectLossTold(reader);
});

test('standard error that is a socket which nobody reads holds nobody up', async () => {
  await using site = await Site.make({ 'app.mjs': NOISY });
  const { program, port } = await site.serve();
  program.child.stderr?.pause();
  // More than a socket's buffer, and what this process takes by itself, can hold.
  await expectUnmoved(site, port);
  await sleep(100);
  await expectUnmoved(site, port);
  program.child.stderr?.resume();
  await program.until(/\[WARN\] front worker 1: \d+ lines of this log are lost/);
});

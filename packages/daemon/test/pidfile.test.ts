import { mkdir, readdir, readFile, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Program, temporaryFolder } from '@highball/testkit';
import { describe, expect, test } from 'vitest';
import { createPidfile, readPidfile } from '../src/pidfile.ts';
import { type ProcessTable, systemProcesses } from '../src/process-table.ts';

const DAY_MS = 86_400_000;

/** A machine on which only these processes run. */
function running(...pids: number[]): ProcessTable {
  return { isAlive: (pid) => pids.includes(pid), startedAt: () => Date.now() - DAY_MS };
}

async function inFolder(use: (path: string, folder: string) => Promise<void>): Promise<void> {
  await using folder = await temporaryFolder();
  await use(join(folder.path, 'app.pid'), folder.path);
}

describe('a pidfile', () => {
  test('holds the pid and a line end, leaves no draft behind, and goes with its holder', () =>
    inFolder(async (path, folder) => {
      const pidfile = createPidfile(path);
      expect(await readFile(path, 'utf8')).toBe(`${process.pid}\n`);
      expect(await readdir(folder)).toEqual(['app.pid']);
      pidfile.release();
      expect(await readdir(folder)).toEqual([]);
    }));

  test('is refused while its process lives, and names that', () =>
    inFolder(async (path, folder) => {
      await writeFile(path, '4711\n');
      expect(() => createPidfile(path, { processes: running(4711) })).toThrow(
        expect.objectContaining({ code: 'already-running', message: expect.stringContaining('4711') }),
      );
      expect(await readFile(path, 'utf8')).toBe('4711\n');
      expect(await readdir(folder)).toEqual(['app.pid']);
    }));

  test.each([
    ['whose process is gone', '4711\n'],
    ['that is empty', ''],
    ['with something else in it', 'sofa\n'],
    ['of an earlier life of this pid', `${process.pid}\n`],
  ])('%s is replaced', (_, content) =>
    inFolder(async (path, folder) => {
      await writeFile(path, content);
      createPidfile(path, { processes: running(process.pid) });
      expect(readPidfile(path)).toBe(process.pid);
      expect(await readdir(folder)).toEqual(['app.pid']);
    }),
  );

  test('whose pid was given out anew since is replaced', () =>
    inFolder(async (path) => {
      await writeFile(path, '4711\n');
      const before = (Date.now() - 2 * DAY_MS) / 1000;
      await utimes(path, before, before);
      createPidfile(path, { processes: running(4711) });
      expect(readPidfile(path)).toBe(process.pid);
    }));

  test('that another process has taken meanwhile is not removed', () =>
    inFolder(async (path) => {
      const pidfile = createPidfile(path);
      await writeFile(path, '4711\n');
      pidfile.release();
      expect(await readFile(path, 'utf8')).toBe('4711\n');
    }));

  test('moves to another name once that is free', () =>
    inFolder(async (path, folder) => {
      await writeFile(path, '4711\n');
      const living = new Set([4711]);
      const processes = { ...running(), isAlive: (pid: number) => living.has(pid) };
      const pidfile = createPidfile(`${path}.2`, { processes });
      expect(() => pidfile.move(path)).toThrow(expect.objectContaining({ code: 'already-running' }));
      expect((await readdir(folder)).toSorted()).toEqual(['app.pid', 'app.pid.2']);
      living.clear();
      pidfile.move(path);
      expect(await readdir(folder)).toEqual(['app.pid']);
      expect(pidfile.path).toBe(path);
      expect(readPidfile(path)).toBe(process.pid);
    }));

  test('does not write through a link at the name of its draft', () =>
    inFolder(async (path, folder) => {
      const precious = join(folder, 'precious');
      await writeFile(precious, 'keep me');
      await symlink(precious, `${path}.${process.pid}.new`);
      createPidfile(path);
      expect(await readFile(precious, 'utf8')).toBe('keep me');
    }));

  test('in a folder that is not there says so', () =>
    inFolder(async (path) => {
      expect(() => createPidfile(join(path, 'gone', 'x.pid'))).toThrow(
        expect.objectContaining({ code: 'pidfile', message: expect.stringContaining('ENOENT') }),
      );
      expect(() => createPidfile('')).toThrow(expect.objectContaining({ code: 'invalid-path' }));
      await mkdir(path);
      expect(() => createPidfile(path)).toThrow(expect.objectContaining({ code: 'pidfile' }));
    }));

  test.each([[undefined], ['99999999\n']])(
    'goes to one of several that start at once (before: %j)',
    (before) =>
      inFolder(async (path) => {
        if (before !== undefined) await writeFile(path, before);
        const script = join(import.meta.dirname, 'fixtures/take-pidfile.ts');
        const programs = Array.from({ length: 5 }, () => new Program(process.execPath, [script, path]));
        try {
          await Promise.all(programs.map((program) => program.until(/held|already-running/)));
          const held = programs.filter(({ stdout }) => stdout === 'held\n');
          expect(held).toHaveLength(1);
          expect(readPidfile(path)).toBe(held[0]?.pid);
        } finally {
          for (const program of programs) program.signal('SIGKILL');
        }
      }),
  );
});

describe('the processes of the machine', () => {
  test('one that was started a moment ago is alive, since then', async () => {
    const before = Date.now();
    const program = new Program('/bin/sh', ['-c', 'echo here; exec sleep 60']);
    await program.until(/here/);
    expect(systemProcesses.isAlive(program.pid)).toBe(true);
    const startedAt = systemProcesses.startedAt(program.pid);
    // The system tells its own start in whole seconds.
    expect(startedAt).toBeGreaterThan(before - 1500);
    expect(startedAt).toBeLessThan(Date.now() + 1500);
    program.signal('SIGKILL');
    await program.exited;
  });

  test('one that has exited is not, even before its parent has looked', async () => {
    // The shell becomes the sleep, which never looks after the child that the shell has left it.
    const program = new Program('/bin/sh', ['-c', 'sleep 0.2 & echo $!; exec sleep 30']);
    const child = Number((await program.until(/(\d+)\n/))[1]);
    await expect.poll(() => systemProcesses.isAlive(child)).toBe(false);
    expect(() => process.kill(child, 0)).not.toThrow();
    program.signal('SIGKILL');
    await program.exited;
    expect(systemProcesses.isAlive(program.pid)).toBe(false);
    expect(systemProcesses.startedAt(program.pid)).toBeUndefined();
  });
});

import { execFileSync } from 'node:child_process';
import { closeSync, constants, openSync } from 'node:fs';
import { readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder } from '@highball/testkit';
import { expect, test } from 'vitest';
import { openLogFile, prepareLogFile } from '../src/log-file.ts';

test('lines are appended, and go to a new file once it is opened anew', async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, 'error.log');
  const log = openLogFile(path);
  log.write('one\n');
  openLogFile(path).write('of another process\n');
  await rename(path, `${path}.1`);
  log.write('two\n');
  log.reopen();
  log.write('three\n');
  expect(await readFile(`${path}.1`, 'utf8')).toBe('one\nof another process\ntwo\n');
  expect(await readFile(path, 'utf8')).toBe('three\n');
});

test('where it cannot be opened anew, the old file goes on', async () => {
  await using folder = await temporaryFolder();
  const log = openLogFile(join(folder.path, 'error.log'));
  const { fd } = log;
  await rm(folder.path, { recursive: true });
  expect(() => log.reopen()).toThrow(/cannot write the log .*ENOENT/);
  expect(log.fd).toBe(fd);
  expect(() => log.write('still there\n')).not.toThrow();
});

test('a named pipe that nobody reads holds nobody up', async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, 'pipe');
  execFileSync('mkfifo', [path]);
  // Whoever writes the access log opens it when it is read.
  prepareLogFile(path);
  expect(() => openLogFile(path)).toThrow(/cannot write the log .*ENXIO/);
  const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const log = openLogFile(path);
  // More than a pipe takes (64 KiB, pipe(7)), and nobody reads.
  for (let i = 0; i < 2000; i++) log.write(`${'x'.repeat(99)}\n`);
  closeSync(log.fd);
  closeSync(reader);
});

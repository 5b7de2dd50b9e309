import { execFileSync } from 'node:child_process';
import { closeSync, constants, openSync } from 'node:fs';
import { readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder } from '@highball/testkit';
import { expect, test } from 'vitest';
import { type LogFile, openLogFile, prepareLogFile } from '../src/log-file.ts';

const write = (log: LogFile, line: string): number => log.writeSome(Buffer.from(line));

test('lines are appended, and go to a new file once it is opened anew', async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, 'error.log');
  const log = openLogFile(path);
  write(log, 'one\n');
  write(openLogFile(path), 'of another process\n');
  await rename(path, `${path}.1`);
  write(log, 'two\n');
  log.reopen();
  write(log, 'three\n');
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
  expect(() => write(log, 'still there\n')).not.toThrow();
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
  expect(() => {
    for (let i = 0; i < 2000; i++) write(log, `${'x'.repeat(99)}\n`);
  }).toThrow(/EAGAIN/);
  closeSync(log.fd);
  closeSync(reader);
});

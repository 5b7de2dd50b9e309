import { appendFileSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from '@highball/testkit';
import { expect, test } from 'vitest';
import { Invalidations } from '../src/invalidations.ts';
import { Journal } from '../src/journal.ts';

interface Worker {
  readonly journal: Journal;
  readonly invalidations: Invalidations;
}

function worker(folder: string, maxBytes?: number, now: () => number = Date.now): Worker {
  const invalidations = new Invalidations();
  return { invalidations, journal: new Journal(folder, invalidations, now, maxBytes) };
}

const entry = (position: number, url = 'http://a/x'): { url: string; tags: string[]; position: number } => ({
  url,
  tags: [],
  position,
});

test('what one appends, the others read on', async () => {
  await using folder = await temporaryFolder();
  const [one, two] = [worker(folder.path), worker(folder.path)];
  const before = entry(two.invalidations.position);
  one.journal.append({ kind: 'url', value: 'http://a/x' });
  expect(two.invalidations.judge(before)).toBe('valid');
  two.journal.refresh();
  expect(two.invalidations.judge(before)).toBe('gone');
  expect(two.invalidations.judge(entry(two.invalidations.position))).toBe('valid');
});

test('it is there after a restart, for what was stored before', async () => {
  await using folder = await temporaryFolder();
  const one = worker(folder.path);
  const before = one.invalidations.position;
  one.journal.append({ kind: 'prefix', value: 'http://a/é' });
  one.journal.close();
  const { invalidations } = worker(folder.path);
  expect(invalidations.judge(entry(before, 'http://a/é/1'))).toBe('gone');
  expect(invalidations.judge(entry(before, 'http://a/x'))).toBe('valid');
});

test('a line that was cut short by a crash costs what came before it, and spoils no other', async () => {
  await using folder = await temporaryFolder();
  const one = worker(folder.path);
  const before = one.invalidations.position;
  appendFileSync(join(folder.path, 'journal'), '{"kind":"url","val');
  one.journal.append({ kind: 'tag', value: 't' });
  expect(one.invalidations.judge(entry(before))).toBe('gone');
  expect(one.invalidations.judge({ url: 'http://a/y', tags: ['t'], position: before })).toBe('gone');
  expect(one.invalidations.judge(entry(one.invalidations.position))).toBe('valid');
});

test.each([
  ['emptied', (path: string) => writeFileSync(path, '')],
  ['gone', (path: string) => rmSync(path)],
  ['something else', (path: string) => writeFileSync(path, 'not a journal\n')],
])('when it is %s, nothing that the folder holds counts any more', async (_, damage) => {
  await using folder = await temporaryFolder();
  let now = Date.now();
  const start = (): Worker => worker(folder.path, undefined, () => now);
  const one = start();
  one.journal.append({ kind: 'tag', value: 't' });
  const before = entry(one.invalidations.position);
  damage(join(folder.path, 'journal'));
  now += 1000;
  expect(start().invalidations.judge(before)).toBe('gone');
  // One that runs finds out, too, and what it stores from now on counts for both.
  one.journal.refresh();
  expect(one.invalidations.judge(before)).toBe('gone');
  one.journal.append({ kind: 'tag', value: 'u' });
  expect(start().invalidations.judge(entry(one.invalidations.position))).toBe('valid');
});

test('it is written anew when it has grown, and nobody misses a line', async () => {
  await using folder = await temporaryFolder();
  const [one, two, idle] = [worker(folder.path, 2000), worker(folder.path, 2000), worker(folder.path, 2000)];
  const start = entry(idle.invalidations.position);
  for (let i = 0; i < 200; i++) {
    const { journal, invalidations } = i % 2 ? one : two;
    const before = invalidations.position;
    journal.append({ kind: 'url', value: `http://a/${i % 7}` });
    expect(invalidations.judge(entry(before, `http://a/${i % 7}`))).toBe('gone');
  }
  expect(statSync(join(folder.path, 'journal')).size).toBeLessThan(4000);
  expect(readFileSync(join(folder.path, 'journal'), 'utf8')).toContain('"at"');
  for (const { journal, invalidations } of [one, two, idle]) {
    journal.refresh();
    for (let i = 0; i < 7; i++) expect(invalidations.judge({ ...start, url: `http://a/${i}` })).toBe('gone');
    expect(invalidations.judge(entry(invalidations.position, 'http://a/1'))).toBe('valid');
    expect(invalidations.judge({ ...start, url: 'http://a/other' })).toBe('valid');
  }
});

import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout } from 'node:timers/promises';
import { Program, temporaryFolder } from '@highball/testkit';
import { expect, test } from 'vitest';
import { Store } from '../src/store.ts';

test('a new store has the seven first posts, the newest at the top', async () => {
  await using folder = await temporaryFolder();
  using store = disposable(new Store(folder.path));
  const days = store.posts().map(({ day }) => day);
  expect(days).toHaveLength(7);
  expect(days).toContain('2006-12-10');
  expect(days).toEqual(days.toSorted().toReversed());
});

test('what was stored is there after the file was opened again, and the seed is not sown twice', async () => {
  await using folder = await temporaryFolder();
  const first = new Store(folder.path);
  const post = first.post('2006-12-10')?.id as number;
  first.addComment(post, 'Ada', 'Still here?');
  first.close();
  using second = disposable(new Store(folder.path));
  expect(second.posts()).toHaveLength(7);
  expect(second.comments(post)).toMatchObject([{ author: 'Ada', text: 'Still here?' }]);
});

const storeModule = JSON.stringify(join(import.meta.dirname, '../src/store.ts'));

function openInAnotherProcess(folder: string): Program {
  const program = `import { Store } from ${storeModule}; console.log('opening'); new Store(process.argv[1]);`;
  return new Program(process.execPath, ['--input-type=module', '-e', program, folder]);
}

test('processes that start at the same moment all succeed, and the blog is seeded once', async () => {
  await using folder = await temporaryFolder();
  const racers = Array.from({ length: 4 }, () => openInAnotherProcess(folder.path));
  const exits = await Promise.all(racers.map(({ exited }) => exited));
  expect(exits).toEqual([0, 0, 0, 0]);
  using store = disposable(new Store(folder.path));
  expect(store.posts()).toHaveLength(7);
});

test('a process that opens the store prints no warning, on any Node', async () => {
  await using folder = await temporaryFolder();
  await using program = openInAnotherProcess(folder.path);
  expect(await program.exited).toBe(0);
  expect(program.output).toBe('opening\n');
});

test('a process waits while another one is busy making the file', async () => {
  await using folder = await temporaryFolder();
  const busy = new DatabaseSync(join(folder.path, 'blog.sqlite'));
  // SQLite refuses the change of the journal at once in this state, whatever its timeout.
  busy.exec('BEGIN IMMEDIATE');
  await using waiting = openInAnotherProcess(folder.path);
  await waiting.until(/opening/);
  await setTimeout(200);
  busy.exec('COMMIT');
  busy.close();
  expect(await waiting.exited).toBe(0);
});

test('a search finds posts that have every word, and takes % and _ for what they are', async () => {
  await using folder = await temporaryFolder();
  using store = disposable(new Store(folder.path));
  expect(store.search(['SOCKET', 'kernel']).map(({ day }) => day)).toEqual(['2024-03-08', '2019-06-17']);
  expect(store.search(['socket', 'kernel', 'nowhere'])).toEqual([]);
  expect(store.search(['%'])).toEqual([]);
  expect(store.search(['k_rnel'])).toEqual([]);
  expect(store.search([])).toEqual([]);
});

test('a full discussion is closed', async () => {
  await using folder = await temporaryFolder();
  using store = disposable(new Store(folder.path));
  for (let count = 0; count < 500; count++) expect(store.addComment(1, 'a', 'b')).toBeTypeOf('number');
  expect(store.addComment(1, 'a', 'b')).toBeUndefined();
  expect(store.addComment(2, 'a', 'b')).toBeTypeOf('number');
});

test('the oldest picture gives way to the hundred and first', async () => {
  await using folder = await temporaryFolder();
  using store = disposable(new Store(folder.path));
  for (let count = 0; count < 100; count++) expect(store.addPicture(`${count}.png`, 'image/png')).toEqual([]);
  expect(store.addPicture('last.png', 'image/png')).toEqual(['0.png']);
  expect(store.pictureType('0.png')).toBeUndefined();
  expect(store.pictures().slice(0, 2)).toEqual(['last.png', '99.png']);
});

test('neighbours are the posts before and after a day', async () => {
  await using folder = await temporaryFolder();
  using store = disposable(new Store(folder.path));
  const { older, newer } = store.neighbours('2006-12-10');
  expect([older?.day, newer?.day]).toEqual(['2003-12-07', '2010-09-30']);
  expect(store.neighbours('2003-12-07').older).toBeUndefined();
});

test('a reader who has not been heard of for 15 seconds is not counted, nor one who has left', async () => {
  await using folder = await temporaryFolder();
  let now = 1_000_000;
  using store = disposable(new Store(folder.path, () => now));
  store.noteReaders(['first']);
  expect(store.countReaders()).toBe(1);
  now += 10_000;
  store.noteReaders(['second', 'third', 'third']);
  expect(store.countReaders()).toBe(3);
  now += 6000;
  expect(store.countReaders()).toBe(2);
  store.removeReader('second');
  expect(store.countReaders()).toBe(1);
});

function disposable(store: Store): Store & Disposable {
  return Object.assign(store, { [Symbol.dispose]: () => store.close() });
}

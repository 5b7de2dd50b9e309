import { closeSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from '@highball/testkit';
import { expect, test } from 'vitest';
import {
  createScoreboard,
  MAX_TEXT_BYTES,
  RECORDS,
  Scoreboard,
  type ScoreboardFile,
} from '../src/scoreboard.ts';

function board(): ScoreboardFile {
  const made = createScoreboard();
  if (!made) throw new Error('no folder can be written to');
  return made;
}

test('what one process enters the others read', () => {
  const file = board();
  const other = new Scoreboard(file.fd);
  expect(Math.max(...other.read())).toBe(0);
  file.enter(0, 0);
  other.enter(2, 5);
  expect(Array.from(file.read().subarray(0, 4))).toEqual([1, 0, 6, 0]);
  file.enter(0, undefined);
  expect(Array.from(other.read().subarray(0, 4))).toEqual([0, 0, 6, 0]);
  file.close();
});

test('notes are cut to their place and do not touch the next one', () => {
  const file = board();
  file.note(1, 'second');
  file.note(0, 'x'.repeat(5000));
  expect(file.noted(0)).toBe('x'.repeat(MAX_TEXT_BYTES));
  expect(file.noted(1)).toBe('second');
  expect(file.noted(2)).toBe('');
  file.note(0, 'short');
  expect(file.noted(0)).toBe('short');
  file.close();
});

test('a record that is given back is empty for the next process', () => {
  const file = board();
  const record = file.take() as number;
  file.enter(record, 7);
  file.note(record, 'busy');
  file.release(record);
  expect(file.take()).toBe(record);
  expect(file.read()[record]).toBe(0);
  expect(file.noted(record)).toBe('');
  file.close();
});

test('a record that is given back too late does no harm to whatever has the descriptor by then', async () => {
  await using folder = await temporaryFolder();
  const file = board();
  const record = file.take() as number;
  file.close();
  const path = join(folder.path, 'other');
  const other = openSync(path, 'w+');
  file.release(record);
  expect(readFileSync(path)).toHaveLength(0);
  closeSync(other);
});

test('there are so many records and no more', () => {
  const file = board();
  const records = Array.from({ length: RECORDS + 1 }, () => file.take());
  expect(records.indexOf(undefined)).toBe(RECORDS);
  file.close();
});

test('the file has no name, and where none can be made there is no scoreboard', async () => {
  await using folder = await temporaryFolder();
  const file = createScoreboard(['/no/such/folder', folder.path]);
  expect(file).toBeDefined();
  expect(readdirSync(folder.path)).toEqual([]);
  file?.close();
  expect(createScoreboard(['/no/such/folder'])).toBeUndefined();
});

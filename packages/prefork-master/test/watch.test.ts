import { EventEmitter } from 'node:events';
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from '@highball/testkit';
import { expect, test } from 'vitest';
import { systemClock } from '../src/clock.ts';
import { type Watch, watchPaths } from '../src/watch.ts';
import { FakeClock, until } from './support.ts';

test('many changes are one, when nothing has changed for a while', async () => {
  await using folder = await temporaryFolder();
  const clock = new FakeClock();
  const changes: string[] = [];
  let tell: (event: string, name: string | null) => void = () => undefined;
  const watcher = Object.assign(new EventEmitter(), { close: () => changes.push('closed') });
  const watch: Watch = (_folder, _options, listener) => {
    tell = listener;
    return watcher as never;
  };
  const options = { paths: [folder.path], debounceMs: 100, clock, watch };
  const close = watchPaths(options, (name) => void changes.push(name));
  tell('change', 'a.ts');
  await clock.pass(99);
  tell('change', 'b.ts');
  await clock.pass(99);
  expect(changes).toEqual([]);
  await clock.pass(1);
  expect(changes).toEqual(['b.ts']);
  tell('change', join('node_modules', 'x', 'index.js'));
  tell('change', join('.git', 'index'));
  await clock.pass(1000);
  expect(changes).toEqual(['b.ts']);
  tell('change', 'c.ts');
  close();
  await clock.pass(1000);
  expect(changes).toEqual(['b.ts', 'closed']);
});

test('a file that is replaced, and one deep in a folder, are noticed', async () => {
  await using folder = await temporaryFolder();
  const file = join(folder.path, 'settings.json');
  const deep = join(folder.path, 'code', 'deep');
  mkdirSync(deep, { recursive: true });
  writeFileSync(file, '1');
  const changes = new Set<string>();
  const paths = [file, join(folder.path, 'code')];
  const close = watchPaths({ paths, debounceMs: 5, clock: systemClock }, (name) => changes.add(name));
  writeFileSync(join(folder.path, 'other.json'), 'not watched');
  writeFileSync(join(folder.path, 'new'), '2');
  renameSync(join(folder.path, 'new'), file);
  await until(() => changes.has('settings.json'));
  writeFileSync(join(deep, 'x.ts'), '');
  await until(() => [...changes].some((name) => name.endsWith('x.ts')));
  expect([...changes].filter((name) => name === 'other.json')).toEqual([]);
  close();
});

test('a path that is not there is refused, and nothing is left open', async () => {
  await using folder = await temporaryFolder();
  const paths = [folder.path, join(folder.path, 'nothing')];
  expect(() => watchPaths({ paths, debounceMs: 5, clock: systemClock }, () => undefined)).toThrow('ENOENT');
});

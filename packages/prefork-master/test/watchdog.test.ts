import { expect, test } from 'vitest';
import { describeTasks, ENTRIES, ENTRY_TEXT_BYTES, taskMemory, Tasks } from '../src/watchdog.ts';

function harness() {
  const memory = taskMemory();
  let now = 1000;
  const tasks = new Tasks(memory, undefined, () => now);
  return {
    tasks,
    pass: (ms: number): void => void (now += ms),
    describe: (): string => describeTasks(memory, now),
  };
}

test('what has begun and not ended is described, the latest first, with its time', () => {
  const { tasks, pass, describe } = harness();
  expect(describe()).toBe('');
  tasks.begin('GET /slow');
  pass(3000);
  const quick = tasks.begin('GET /quick');
  tasks.begin('POST /é');
  pass(200);
  tasks.end(quick);
  expect(describe()).toBe('POST /é for 0.2 s, GET /slow for 3.2 s');
});

test('of many the latest are remembered, and the end of one forgotten does not end another', () => {
  const { tasks, describe } = harness();
  const first = tasks.begin('first');
  for (let task = 1; task <= ENTRIES; task++) tasks.begin(`task ${task}`);
  tasks.end(first);
  expect(describe().split(', ')).toHaveLength(ENTRIES);
  expect(describe()).not.toContain('first');
});

test('a description is cut, and cannot forge a line of a log', () => {
  const { tasks, describe } = harness();
  tasks.begin(`GET /\r\n\u001b[2J${'x'.repeat(1000)}`);
  expect(describe()).toMatch(/^GET \/\?\?\?\[2Jx+ for 0\.0 s$/);
  expect(describe().length).toBe(ENTRY_TEXT_BYTES + ' for 0.0 s'.length);
});

import { expect, test } from 'vitest';
import { findProgram, whyMissing } from '../peers.ts';
import { cpuOf, processTree } from '../processes.ts';

test('a program is looked for in the search path, and a folder is none', () => {
  expect(findProgram('node', process.execPath.replace(/\/node$/, ''))).toBe(process.execPath);
  expect(findProgram('no-such-program')).toBeUndefined();
  expect(findProgram('.', '/usr')).toBeUndefined();
});

test('nothing is missing where nothing is needed', () => {
  expect(whyMissing([])).toBeUndefined();
});

test('the CPU time of a process is read behind its name, whatever that holds', () => {
  const stat = '42 (a) b (c) S 1 42 42 0 -1 4194304 100 0 0 0 250 50 0 0 20 0 7 0 100';
  expect(cpuOf(stat)).toEqual({ userMs: 2500, kernelMs: 500 });
  expect(cpuOf('')).toEqual({ userMs: 0, kernelMs: 0 });
});

test('a process tree begins with the process itself', () => {
  expect(processTree(process.pid)[0]).toBe(process.pid);
});

import { expect, test } from 'vitest';
import { type CpuProfile, profileTable, summarize } from '../profile.ts';

const frame = (functionName: string, url = '', lineNumber = 9): CpuProfile['nodes'][0]['callFrame'] => ({
  functionName,
  url,
  lineNumber,
});
const profile: CpuProfile = {
  nodes: [
    { id: 1, callFrame: frame('(idle)') },
    { id: 2, callFrame: frame('(program)') },
    { id: 3, callFrame: frame('parse', 'file:///a/node_modules/@highball/http-parser/dist/parse.js') },
    { id: 4, callFrame: frame('push', 'file:///a/packages/http-parser/src/parse.ts') },
    { id: 5, callFrame: frame('writeBuffer', 'node:internal/stream_base_commons') },
    { id: 6, callFrame: frame('', 'file:///a/hello.ts') },
    { id: 7, callFrame: frame('writev') },
  ],
  samples: [1, 2, 3, 4, 5, 6, 7, 3],
  timeDeltas: [9000, 3000, 1000, 1000, 1000, 1000, 1000, 2000],
};

test('time counts for the package whose code ran, and idle time for nobody', () => {
  const { busyMs, packages } = summarize(profile);
  expect(busyMs).toBe(10);
  expect(packages).toEqual([
    { name: '@highball/http-parser', share: 0.4 },
    { name: 'libuv, C++ and the kernel', share: 0.3 },
    { name: 'node:stream_base_commons', share: 0.1 },
    { name: 'the program', share: 0.1 },
    { name: 'native functions', share: 0.1 },
  ]);
});

test('a function is named with its place, its samples added', () => {
  const { functions } = summarize(profile);
  expect(functions).toContainEqual({ name: 'parse @highball/http-parser/parse.js:10', share: 0.3 });
  expect(functions[0]?.share).toBe(0.3);
  expect(functions.map(({ name }) => name)).toContain('(anonymous) the program/hello.ts:10');
});

test('the table shows as many as are wanted', () => {
  const lines = profileTable(summarize(profile), 2).split('\n');
  expect(lines.filter((line) => line.includes('%'))).toHaveLength(4);
});

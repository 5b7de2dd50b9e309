import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Program, temporaryFolder } from '@highball/testkit';
import { describe, expect, test } from 'vitest';
import { arrowPlace, compilerPlace, parseStack } from '../src/dev/stack-frames.ts';

describe('parseStack', () => {
  test('reads each form of a frame that V8 writes', () => {
    const stack = `Error: at first (/not/a:1:1)
    at /not/indented/by/message.js
    at Object.render [as view] (/a/view.js:10:5)
    at async load (file:///a/with%20space.mjs?highball=3:2:1)
    at file:///a/top.mjs:1:7
    at new Thing (node:internal/thing:4:5)
    at Array.map (<anonymous>)
    at async Promise.all (index 0)
    at eval (eval at run (/a/e.js:1:1), <anonymous>:1:1)
    at /a/query.cjs?namespace=123:8:9`;
    expect(parseStack(stack)).toEqual([
      { name: '', place: undefined },
      { name: 'Object.render [as view]', place: { file: '/a/view.js', line: 10, column: 5 } },
      { name: 'load', place: { file: '/a/with space.mjs', line: 2, column: 1 } },
      { name: '', place: { file: '/a/top.mjs', line: 1, column: 7 } },
      { name: 'new Thing', place: { file: 'node:internal/thing', line: 4, column: 5 } },
      { name: 'Array.map', place: undefined },
      { name: 'Promise.all', place: undefined },
      { name: 'eval', place: expect.anything() },
      { name: '', place: { file: '/a/query.cjs', line: 8, column: 9 } },
    ]);
  });

  test('agrees with the engine', () => {
    const [frame] = parseStack(new Error('here').stack ?? '');
    expect(frame?.place?.file).toBe(import.meta.filename);
  });

  test('stops at 50 frames', () => {
    expect(parseStack('    at f (/a.js:1:1)\n'.repeat(100))).toHaveLength(50);
  });
});

describe('compilerPlace', () => {
  test("finds esbuild's", () => {
    const message = 'Transform failed with 1 error:\n/a/b.ts:3:9: ERROR: Unexpected "="';
    expect(compilerPlace({ message })).toEqual({ file: '/a/b.ts', line: 3, column: 10 });
  });

  test("finds Node's, in front of the stack", () => {
    const stack = 'file:///a/b.mjs?highball=2:7\nimport { x } from "y"\n         ^^^\nSyntaxError: no';
    expect(compilerPlace({ message: 'no', stack })).toEqual({ file: '/a/b.mjs', line: 7, column: 10 });
  });

  test("finds that of imported JSON, as today's Node says it", async () => {
    await using folder = await temporaryFolder();
    const file = join(folder.path, 'bad.json');
    await writeFile(file, '{\n  "a": 1,\n  "b" 2\n}\n');
    const script = `import(${JSON.stringify(file)}, { with: { type: 'json' } }).catch((e) => console.log(e.message))`;
    const node = new Program(process.execPath, ['-e', script]);
    await node.exited;
    expect(compilerPlace({ message: node.stdout.trim() })).toEqual({ file, line: 3, column: 7 });
  });

  test('finds none in the stack of an error that was thrown', () => {
    expect(compilerPlace(new Error('here'))).toBeUndefined();
  });
});

test('arrowPlace takes a place without carets', () => {
  expect(arrowPlace('/a/b.js:3\n\n\n\nSyntaxError: Unexpected end of input')).toEqual({
    file: '/a/b.js',
    line: 3,
  });
});

import { expect, test } from 'vitest';
import type { CgiProcess } from '../src/cgi-process.ts';
import { OutputBody } from '../src/output-body.ts';

function make(rest: string, ...pieces: string[]): { body: OutputBody; ended: unknown[] } {
  const ended: unknown[] = [];
  const process = {
    read: () => Promise.resolve(pieces.length === 0 ? undefined : Buffer.from(pieces.shift() as string)),
    end: (reason: { code: string }) => void ended.push(reason.code),
  };
  return { body: new OutputBody(process as unknown as CgiProcess, Buffer.from(rest)), ended };
}

test('begins with what came behind the header; after its end nobody needs to be ended', async () => {
  const { body, ended } = make('a', 'b', 'c');
  const all: string[] = [];
  for await (const piece of body) all.push(Buffer.from(piece).toString());
  body.close();
  expect(all).toEqual(['a', 'b', 'c']);
  expect(ended).toEqual([]);
});

test('has no empty piece', async () => {
  expect(Buffer.from((await make('', 'b').body.next()).value ?? []).toString()).toBe('b');
});

test.each(['close', 'return'] as const)('%s before the end ends the program', async (method) => {
  const { body, ended } = make('a', 'b');
  await body.next();
  await body[method]();
  expect(ended).toEqual(['CLIENT_GONE']);
});

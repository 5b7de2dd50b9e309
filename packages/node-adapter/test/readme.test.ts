import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const readme = readFileSync(`${import.meta.dirname}/../README.md`, 'utf8');
const [, table = ''] = /## What works\n([^]*?)\n## /.exec(readme) ?? [];
const cells = table
  .split('\n')
  .filter((line) => line.startsWith('| ') && !line.includes('---'))
  .slice(1)
  .flatMap((line) => line.split('|').slice(2, -1))
  .map((cell) => cell.trim())
  .filter((cell) => cell !== '');

/** The name, behind the quote that begins it. */
function quoted(name: string): RegExp {
  return new RegExp(`['"\`]${name.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')}`);
}

test.each([...new Set(cells)])('there is a test called "%s"', (cell) => {
  const [, file = '', names = ''] = /^([\w-]+): (.*)$/.exec(cell) ?? [];
  const tests = readFileSync(`${import.meta.dirname}/${file}.test.ts`, 'utf8');
  for (const name of names.split('; ')) expect(tests).toMatch(quoted(name));
});

test('the table is read', () => {
  expect(cells.length).toBeGreaterThan(50);
});

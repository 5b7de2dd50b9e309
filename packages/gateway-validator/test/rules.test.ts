import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { rules } from '../src/index.ts';

const readme = readFileSync(join(import.meta.dirname, '../README.md'), 'utf8');

test('the table of the README is that of the rules', () => {
  const rows = [...readme.matchAll(/^\| `([A-Z0-9_]+)` +\| (\w+) +\| (\w+) +\| (.*?) +\| (.*?) +\|$/gm)];
  const listed = rows.map(([, code, side, level, requires, source]) => ({
    code,
    side,
    level,
    requires,
    source,
  }));
  expect(listed).toEqual(rules.map((rule) => ({ ...rule })));
});

test('rules have codes of their own, and are not changed by accident', () => {
  expect(new Set(rules.map(({ code }) => code)).size).toBe(rules.length);
  expect(rules.every((rule) => Object.isFrozen(rule))).toBe(true);
});

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { isCompressible } from '../src/index.ts';

test.each([
  ['text/html', true],
  ['text/event-stream', true],
  ['application/json', true],
  ['application/problem+json', true],
  ['application/atom+xml', true],
  ['image/svg+xml', true],
  ['application/wasm', true],
  ['font/ttf', true],
  ['font/woff2', false],
  ['image/png', false],
  ['video/mp4', false],
  ['application/zip', false],
  ['application/epub+zip', false],
  ['application/octet-stream', false],
  ['nonsense', false],
  ['', false],
])('%s: %s', (type, expected) => {
  expect(isCompressible(type)).toBe(expected);
});

test('agrees with mime-db wherever that judges, but for what nobody serves as text', (context) => {
  interface Entry {
    compressible?: boolean;
  }
  const path = join(import.meta.dirname, '../../../node_modules', 'mime-db/db.json');
  context.skip(!existsSync(path), 'needs mime-db, which comes with Express');
  const types = JSON.parse(readFileSync(path, 'utf8')) as Record<string, Entry>;
  const ours = /virtualbox|octet-stream/;
  const wrong = Object.entries(types).filter(
    ([type, { compressible }]) =>
      compressible !== undefined && !ours.test(type) && isCompressible(type) !== compressible,
  );
  expect(wrong.map(([type]) => type)).toEqual([]);
});

import { rm, utimes, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { temporaryFolder } from '@highball/testkit';
import { describe, expect, test } from 'vitest';
import { ErrorPagesError, errorPages } from '../src/index.ts';
import { BROWSER } from './support.ts';

test('a status goes before its class, both before the designed page; each form has its own', async () => {
  await using folder = await temporaryFolder();
  await writeFile(join(folder.path, '404.html'), '<h1>own 404</h1>');
  await writeFile(join(folder.path, '4xx.html'), '<h1>own {{status}} {{reason}}</h1>');
  await writeFile(join(folder.path, '4xx.json'), '{"error":"{{request_id}}","of":"{{unknown}}"}');
  const pages = errorPages({
    root: pathToFileURL(folder.path),
    pages: { 404: './404.html', '4xx': ['4xx.html', join(folder.path, '4xx.json')] },
  });
  expect(pages.page(404, BROWSER).body).toBe('<h1>own 404</h1>');
  expect(pages.page(404, BROWSER).headers).toEqual([
    ['Content-Type', 'text/html; charset=utf-8'],
    // Its own style and pictures are its own affair: no policy.
    ['X-Content-Type-Options', 'nosniff'],
  ]);
  expect(pages.page(403, BROWSER).body).toBe('<h1>own 403 Forbidden</h1>');
  expect(pages.page(404, 'application/json', { requestId: 'a"b' }).body).toBe(
    '{"error":"a\\"b","of":"{{unknown}}"}',
  );
  expect(pages.page(404, '*/*').body).toMatch(/^404 Not Found\n/);
  expect(pages.page(500, BROWSER).body).toContain('Something went wrong on our side.');
});

test('what fills a place in HTML is escaped', async () => {
  await using folder = await temporaryFolder();
  const file = join(folder.path, '5xx.html');
  await writeFile(file, '<b>{{request_id}}</b>{{detail}}');
  const pages = errorPages({ pages: { '5xx': file } });
  expect(pages.page(500, BROWSER, { requestId: '<i>' }).body).toBe(
    '<b>&lt;i&gt;</b>Something went wrong on our side.',
  );
  expect(pages.page(500, BROWSER).body).toBe('<b></b>Something went wrong on our side.');
});

test('a file that changes is read anew after validMs; one that is gone stays as it was', async () => {
  await using folder = await temporaryFolder();
  const file = join(folder.path, '404.html');
  await writeFile(file, 'old');
  let now = 0;
  const pages = errorPages({ pages: { 404: file }, validMs: 500, now: () => now });
  await writeFile(file, 'new page');
  now = 499;
  expect(pages.page(404, BROWSER).body).toBe('old');
  now = 500;
  expect(pages.page(404, BROWSER).body).toBe('new page');
  await rm(file);
  now = 2000;
  expect(pages.page(404, BROWSER).body).toBe('new page');
  await writeFile(file, 'of a kind');
  await utimes(file, 1, 1);
  now = 3000;
  expect(pages.page(404, BROWSER).body).toBe('of a kind');
});

test('what is the same by time, size and inode is not read again', async () => {
  await using folder = await temporaryFolder();
  const file = join(folder.path, '404.html');
  await writeFile(file, 'old');
  await utimes(file, 1, 1);
  let now = 0;
  const pages = errorPages({ pages: { 404: file }, now: () => now });
  await writeFile(file, 'new');
  await utimes(file, 1, 1);
  now = 5000;
  expect(pages.page(404, BROWSER).body).toBe('old');
});

test('a path is relative to the working directory, unless there is a root', async () => {
  await using folder = await temporaryFolder();
  const file = join(folder.path, '404.html');
  await writeFile(file, 'own');
  const pages = errorPages({ pages: { 404: relative(process.cwd(), file) } });
  expect(pages.page(404, BROWSER).body).toBe('own');
});

describe('is refused at the start', () => {
  test('a file that is missing, a folder, too large, or of no form', async () => {
    await using folder = await temporaryFolder();
    await writeFile(join(folder.path, 'large.html'), 'a'.repeat(1_048_577));
    await writeFile(join(folder.path, 'page.php'), '');
    for (const [path, message] of [
      ['missing.html', 'cannot be read'],
      ['.', 'should end in .html'],
      ['large.html', '1 MiB'],
      ['page.php', 'should end in .html, .htm, .json, .txt'],
    ] as const) {
      const make = (): unknown => errorPages({ root: folder.path, pages: { 404: path } });
      expect(make).toThrow(ErrorPagesError);
      expect(make).toThrow(message);
    }
  });

  test.each([
    [{ pages: { 200: 'a.html' } }, "pages has '200'"],
    [{ pages: { '6xx': 'a.html' } }, "pages has '6xx'"],
    [{ intercept: 'some' }, "intercept is 'empty' or 'all', not 'some'"],
    [{ validMs: -1 }, 'validMs'],
  ])('%j', (options, message) => {
    expect(() => errorPages(options as never)).toThrow(message);
  });
});

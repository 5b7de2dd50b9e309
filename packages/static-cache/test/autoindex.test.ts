import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Application } from '@highball/gateway-protocol';
import { temporaryFolder } from '@highball/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { prefersJson } from '../src/autoindex.ts';
import { formatSize } from '../src/listing-page.ts';
import { staticCache } from '../src/index.ts';
import { ask } from './support.ts';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let app: Application;
beforeAll(async () => {
  folder = await temporaryFolder();
  const root = join(folder.path, 'root');
  await mkdir(join(root, 'sub folder'), { recursive: true });
  await mkdir(join(root, '.git'));
  await writeFile(join(folder.path, 'outside'), 'secret');
  const files = {
    'b.txt': 10,
    'a10.txt': 2000,
    'a9.txt': 1,
    '<img src=x onerror=alert(1)>"&\'.txt': 3,
    'javascript:alert(1)': 4,
    '.env': 5,
    'é %2f?#.txt': 6,
  };
  for (const [name, size] of Object.entries(files)) {
    await writeFile(join(root, name), 'x'.repeat(size));
    await utimes(join(root, name), 1_700_000_000 + size, 1_700_000_000 + size);
  }
  await symlink(join(folder.path, 'outside'), join(root, 'leaving'));
  await symlink(join(root, 'b.txt'), join(root, 'staying'));
  await symlink(join(root, 'gone'), join(root, 'broken'));
  execFileSync('mkfifo', [join(root, 'pipe')]);
  app = staticCache(root, { autoindex: true });
});
afterAll(() => folder[Symbol.asyncDispose]());

const names = async (target: string, of = app): Promise<string[]> => {
  const { body } = await ask(of, `GET ${target}`, { Accept: 'application/json' });
  return (JSON.parse(body) as { name: string }[]).map(({ name }) => name);
};

describe('a listing', () => {
  test('as JSON: folders first, names as people order them, nothing hidden or outside', async () => {
    expect(await names('/')).toEqual([
      'sub folder',
      '<img src=x onerror=alert(1)>"&\'.txt',
      'a9.txt',
      'a10.txt',
      'b.txt',
      'é %2f?#.txt',
      'javascript:alert(1)',
      'staying',
    ]);
    const { body, headers } = await ask(app, 'GET /', { Accept: 'application/json' });
    const rows = JSON.parse(body) as { name: string }[];
    expect(rows.find(({ name }) => name === 'b.txt')).toEqual({
      name: 'b.txt',
      type: 'file',
      mtime: '2023-11-14T22:13:30.000Z',
      size: 10,
    });
    expect(headers).toMatchObject({ 'content-type': 'application/json; charset=utf-8', vary: 'Accept' });
  });

  test('in another order', async () => {
    expect((await names('/?sort=size&order=desc')).slice(0, 3)).toEqual(['sub folder', 'a10.txt', 'staying']);
    expect((await names('/?sort=size&order=asc')).slice(0, 2)).toEqual(['sub folder', 'a9.txt']);
    expect((await names('/?sort=name&order=desc')).at(-1)).toBe('<img src=x onerror=alert(1)>"&\'.txt');
    expect((await names('/?sort=modified&order=desc')).slice(0, 2)).toEqual(['sub folder', 'a10.txt']);
  });

  test('as a page has every name escaped, and links that lead back to the files', async () => {
    const { body, headers } = await ask(app, 'GET /', { Accept: 'text/html,*/*;q=0.8' });
    expect(headers).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      vary: 'Accept',
      'cache-control': 'no-cache',
    });
    const page = body;
    expect(page).not.toMatch(/<img|<script|onerror=alert\(1\)>"/);
    const links = [...page.matchAll(/href="(\.\/[^"]*)"/g)].map(([, href]) => href as string);
    expect(links.length).toBe(8);
    for (const href of links) {
      const url = new URL(
        href.replaceAll(/&#(\d+);/g, (_, code: string) => String.fromCharCode(Number(code))),
        'http://host/',
      );
      expect(url.origin).toBe('http://host');
      expect((await ask(app, `GET ${url.pathname}`)).status, href).toBe(200);
    }
  });

  test('runs nothing: its policy knows the style by its hash, and no script', async () => {
    const { body, headers } = await ask(app, 'GET /');
    const style = /<style>([^]*?)<\/style>/.exec(body)?.[1] as string;
    const hash = createHash('sha256').update(style).digest('base64');
    expect(headers['content-security-policy']).toContain(`style-src 'sha256-${hash}'`);
    expect(headers['content-security-policy']).toContain("default-src 'none'");
    expect(body).toContain('prefers-color-scheme: dark');
    expect(body).toContain('name="viewport"');
  });

  test('leads up, but not out of the root', async () => {
    expect((await ask(app, 'GET /sub%20folder/')).body).toContain('href="../"');
    expect((await ask(app, 'GET /sub%20folder/')).body).toContain('This folder is empty');
    expect((await ask(app, 'GET /')).body).not.toContain('href="../"');
  });

  test('of a huge folder is cut, and says so', async () => {
    const capped = staticCache(join(folder.path, 'root'), { autoindex: true, maxListed: 3 });
    expect((await names('/', capped)).length).toBe(3);
    expect((await ask(capped, 'GET /')).body).toContain('Only the first 3 entries');
  });

  test('to HEAD has no body', async () => {
    expect(await ask(app, 'HEAD /')).toMatchObject({ status: 200, body: '' });
  });
});

test.each([
  [undefined, false],
  ['*/*', false],
  ['text/html,application/json;q=0.9', false],
  ['application/json', true],
  ['application/json, text/html;q=0.5', true],
  ['application/*', true],
  ['application/json;q=0, */*', false],
  ['text/html;q=0.1, application/json; q=0.2', true],
  ['application/json, text/html', false],
])('Accept %s prefers JSON: %s', (accept, expected) => {
  expect(prefersJson(accept)).toBe(expected);
});

test.each([
  [0, '0 B'],
  [1023, '1023 B'],
  [1024, '1.0 KiB'],
  [1_500_000, '1.4 MiB'],
  [200 * 1024, '200 KiB'],
  [4 * 1024 ** 3, '4.0 GiB'],
])('%d bytes are %s', (bytes, text) => {
  expect(formatSize(bytes)).toBe(text);
});

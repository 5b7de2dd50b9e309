import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createWorker, type ResponseRecord } from '@highball/async-worker';
import { findPeer, missingPeers, temporaryFolder } from '@highball/testkit';
import { type Browser, chromium } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { staticCache } from '../src/index.ts';

const missing = missingPeers('chromium');
const FLAGS =
  '--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync';

describe.skipIf(missing)(`a browser ${missing ?? ''}`, () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await chromium.launch({
      executablePath: findPeer('chromium') as string,
      args: FLAGS.split(' '),
    });
  }, 30_000);
  afterAll(() => browser.close());

  test('transfers on its second visit nothing but 304s, and asks after hashed names not at all', async () => {
    await using folder = await temporaryFolder();
    const files = {
      'index.html':
        '<!doctype html><link rel="icon" href="data:,"><link rel="stylesheet" href="style.css"><script src="app.3f9a1c2b.js"></script><img src="pic.svg"><p>here',
      'style.css': `p { color: green }${' '.repeat(20_000)}`,
      'app.3f9a1c2b.js': `document.title = 'run';${' '.repeat(20_000)}`,
      'pic.svg': `<svg xmlns="http://www.w3.org/2000/svg"/>${' '.repeat(20_000)}`,
    };
    for (const [name, content] of Object.entries(files)) await writeFile(join(folder.path, name), content);
    const answers: string[] = [];
    const app = staticCache(folder.path, { cacheRules: [{ type: 'image/*', maxAgeSeconds: 600 }] });
    const onResponse = ({ environ, status }: ResponseRecord): void =>
      void answers.push(`${environ.PATH_INFO} ${status.slice(0, 3)}`);
    const worker = createWorker(app, { onResponse });
    const { port } = await worker.listen({ port: 0 });
    const page = await browser.newPage();
    const visit = async (): Promise<number> => {
      answers.length = 0;
      await page.goto(`http://127.0.0.1:${port}/`, { waitUntil: 'load' });
      return page.evaluate(
        `[...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]
          .reduce((sum, { transferSize }) => sum + transferSize, 0)`,
      );
    };
    expect(await visit()).toBeGreaterThan(60_000);
    expect(answers.toSorted()).toEqual(['/ 200', '/app.3f9a1c2b.js 200', '/pic.svg 200', '/style.css 200']);
    await page.goto('about:blank');
    expect(await visit()).toBeLessThan(1000);
    expect(answers.toSorted()).toEqual(['/ 304', '/style.css 304']);
    expect(await page.title()).toBe('run');
    await page.close();
    await worker.close();
  }, 30_000);

  test('shows a listing that fits a phone, in the dark, and leads into folders', async () => {
    await using folder = await temporaryFolder();
    await mkdir(join(folder.path, 'sub & more'));
    await writeFile(join(folder.path, 'sub & more', `${'long-name-'.repeat(12)}.txt`), 'x');
    await writeFile(join(folder.path, '<b>bold.txt'), 'content');
    const worker = createWorker(staticCache(folder.path, { autoindex: true }));
    const { port } = await worker.listen({ port: 0 });
    const page = await browser.newPage({ colorScheme: 'dark', viewport: { width: 360, height: 640 } });
    const complaints: string[] = [];
    page.on('console', (message) => complaints.push(message.text()));
    await page.goto(`http://127.0.0.1:${port}/`);
    expect(await page.locator('tbody td:first-child').allInnerTexts()).toEqual([
      'sub & more/',
      '<b>bold.txt',
    ]);
    expect(await page.evaluate('getComputedStyle(document.body).backgroundColor')).toBe('rgb(24, 26, 29)');
    await page.getByText('sub & more/').click();
    await page.waitForURL('**/sub%20%26%20more/');
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(360);
    await page.getByText('../').click();
    await page.getByText('Size').click();
    await page.waitForURL('**/?sort=size&order=asc');
    await page.getByText('<b>bold.txt').click();
    await page.waitForURL('**/*.txt');
    expect(await page.innerText('body')).toBe('content');
    expect(complaints.filter((text) => text.includes('Content Security Policy'))).toEqual([]);
    await page.close();
    await worker.close();
  }, 30_000);
});

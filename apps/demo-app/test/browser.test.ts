import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  CHROMIUM_FLAGS,
  findPeer,
  highball,
  missingPeers,
  type Program,
  temporaryFolder,
} from '@highball/testkit';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { png } from './support.ts';

const missing = missingPeers('chromium');
const app = join(import.meta.dirname, '..');
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let server: Program;
let browser: Browser;
let address: string;

beforeAll(async () => {
  if (missing !== undefined) return;
  folder = await temporaryFolder();
  server = startSite();
  address = await addressOf(server);
  browser = await chromium.launch({
    executablePath: findPeer('chromium') as string,
    args: [...CHROMIUM_FLAGS],
  });
});

afterEach(async () => {
  await Promise.all(browser?.contexts().map((context) => context.close()) ?? []);
});

afterAll(async () => {
  await browser?.close();
  await server?.stop();
  await folder?.[Symbol.asyncDispose]();
});

function startSite(): Program {
  return highball(['run'], { cwd: app, env: { DEMO_DATA: folder.path, HIGHBALL_BIND: '127.0.0.1:0' } });
}

async function addressOf(site: Program): Promise<string> {
  return (await site.until(/serves (http:\/\/[\d.:]+)/))[1] as string;
}

/** Opens a page of its own for a visitor; whatever goes wrong in it is collected. */
async function visit(
  width: number,
  path: string,
  options: BrowserContextOptions = {},
): Promise<{ page: Page; troubles: string[] }> {
  const context = await browser.newContext({ viewport: { width, height: 900 }, ...options });
  const page = await context.newPage();
  const troubles: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') troubles.push(message.text());
  });
  page.on('pageerror', (error) => troubles.push(error.message));
  page.on('requestfailed', (request) => {
    const reason = request.failure()?.errorText;
    // Whoever turns the page ends what it still loads.
    if (reason !== 'net::ERR_ABORTED') troubles.push(`${request.url()} ${reason}`);
  });
  page.on('response', (response) => {
    if (response.status() >= 400) troubles.push(`${response.url()} ${response.status()}`);
  });
  await page.goto(address + path);
  return { page, troubles };
}

test('a reader reads a post, writes a comment and uploads a picture', async (context) => {
  context.skip(missing !== undefined, missing);
  const { page, troubles } = await visit(1280, '/');
  await page.getByRole('link', { name: 'Clean addresses' }).click();
  await page.waitForURL('**/blogs/2006/12/10/');
  expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe('Clean addresses');

  await page.getByLabel('Your name').fill('Ada');
  await page.getByLabel('Your comment').fill('Served in a tall glass.');
  await page.getByRole('button', { name: 'Send' }).click();
  await page.waitForURL('**/blogs/2006/12/10/#comment-1');
  await page.locator('#comment-1').getByText('Served in a tall glass.').waitFor();
  expect(await page.getByLabel('Your comment').inputValue()).toBe('');

  const picture = join(folder.path, 'mine.png');
  await writeFile(picture, png);
  await page.getByRole('link', { name: 'Pictures' }).click();
  await page.getByLabel(/A picture of yours/).setInputFiles(picture);
  await page.getByRole('button', { name: 'Upload' }).click();
  await page.getByRole('img', { name: 'A reader’s picture' }).waitFor();
  await expect.poll(() => page.evaluate("document.querySelector('.gallery img').naturalWidth")).toBe(1);

  await page.getByText('You are the only reader').waitFor();
  expect(troubles).toEqual([]);
});

test('what readers write is never run', async (context) => {
  context.skip(missing !== undefined, missing);
  const { page, troubles } = await visit(390, '/blogs/2014/05/02/');
  const attack = '<img src=x onerror="document.title=1"><script>document.title=1</script>';
  await page.getByLabel('Your name').fill(attack.slice(0, 60));
  await page.getByLabel('Your comment').fill(attack);
  await page.getByRole('button', { name: 'Send' }).click();
  await page.getByText(attack).waitFor();
  expect(await page.title()).toMatch(/^A file is a cache entry/);
  expect(troubles).toEqual([]);
});

test('an unsent comment is still there after a reload', async (context) => {
  context.skip(missing !== undefined, missing);
  const { page } = await visit(1280, '/blogs/2019/06/17/');
  await page.getByLabel('Your comment').fill('Half a thought');
  await page.reload();
  expect(await page.getByLabel('Your comment').inputValue()).toBe('Half a thought');
});

test('the forms work without JavaScript, and by keyboard alone', async (context) => {
  context.skip(missing !== undefined, missing);
  const { page, troubles } = await visit(390, '/blogs/2010/09/30/', { javaScriptEnabled: false });
  await page.keyboard.press('Tab');
  expect(await page.locator(':focus').textContent()).toBe('Skip to the content');
  await page.getByLabel('Your name').focus();
  await page.keyboard.type('Grace');
  await page.keyboard.press('Tab');
  await page.keyboard.type('No script needed.');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await page.getByText('No script needed.').waitFor();
  expect(troubles).toEqual([]);
});

test('every open tab is counted as a reader, over a WebSocket, until it is closed', async (context) => {
  context.skip(missing !== undefined, missing);
  const tabs = await Promise.all([visit(1280, '/'), visit(1280, '/about')]);
  for (const { page } of tabs) await page.getByText('2 readers at the moment').waitFor();
  await tabs[1]?.page.close();
  await tabs[0]?.page.getByText('You are the only reader').waitFor();
  expect(tabs.flatMap(({ troubles }) => troubles)).toEqual([]);
});

test('a second visit transfers nothing but 304s, or less', async (context) => {
  context.skip(missing !== undefined, missing);
  const { page, troubles } = await visit(1280, '/blogs/2006/12/10/');
  /** Bytes over the network of the page and of all that it has loaded; Chromium says 300 for a 304, and 0 for none. */
  const transfers = (): Promise<number[]> =>
    page.evaluate(
      `[...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')].map((entry) => entry.transferSize)`,
    );
  const first = await transfers();
  expect(first.length).toBeGreaterThan(2);
  expect(Math.max(...first)).toBeGreaterThan(1000);
  await page.goto(`${address}/`);
  await page.goto(`${address}/blogs/2006/12/10/`);
  const second = await transfers();
  expect(second.length).toBeGreaterThan(2);
  expect(Math.max(...second)).toBeLessThanOrEqual(300);
  expect(troubles).toEqual([]);
});

test('the dynamic address leads to the clean one', async (context) => {
  context.skip(missing !== undefined, missing);
  const { page, troubles } = await visit(1280, '/Blogs/Posts?Year=2006&Month=12&Day=10');
  expect(page.url()).toBe(`${address}/blogs/2006/12/10/`);
  expect(troubles).toEqual([]);
});

test.for([390, 1280])('no page is wider than a screen of %d pixels', async (width, context) => {
  context.skip(missing !== undefined, missing);
  const { page, troubles } = await visit(width, '/');
  for (const path of ['/', '/blogs/2006/12/10/', '/blogs/2006/', '/pictures', '/about', '/search?q=socket']) {
    await page.goto(address + path);
    const scrollWidth = await page.evaluate('document.documentElement.scrollWidth');
    expect({ path, scrollWidth }).toEqual({ path, scrollWidth: width });
  }
  expect(troubles).toEqual([]);
});

test('two servers take turns behind the balancer, and none of their addresses shows', async (context) => {
  context.skip(missing !== undefined, missing);
  const answers = await Promise.all(
    Array.from({ length: 6 }, async () => (await fetch(`${address}/about`)).text()),
  );
  const pools = new Set(answers.map((answer) => /blog-\d/.exec(answer)?.[0]));
  expect([...pools].toSorted()).toEqual(['blog-1', 'blog-2']);
  const sockets = [...server.stdout.matchAll(/ on unix:(\S+)/g)].map(([, path = '']) => path);
  expect(sockets).toHaveLength(2);
  for (const path of sockets) expect(answers.join('')).not.toContain(path);
});

test('a comment outlives the server, and a killed worker is replaced', async (context) => {
  context.skip(missing !== undefined, missing);
  const body = new URLSearchParams({ author: 'Grace', text: 'Still here tomorrow.' });
  const stored = await fetch(`${address}/blogs/2003/12/07/`, { method: 'POST', body, redirect: 'manual' });
  expect(stored.status).toBe(303);
  const workers = [...server.stdout.matchAll(/blog-\d +workers (\d+)/g)].map(([, pid]) => Number(pid));
  for (const pid of workers) process.kill(pid, 'SIGKILL');
  const killed = new RegExp(`process (${workers.join('|')})\\b`);
  await expect
    .poll(async () => (await fetch(`${address}/about`)).text(), { timeout: 10_000 })
    .toMatch(/process \d+/);
  expect(await (await fetch(`${address}/about`)).text()).not.toMatch(killed);
  await server.stop();
  server = startSite();
  address = await addressOf(server);
  expect(await (await fetch(`${address}/blogs/2003/12/07/`)).text()).toContain('Still here tomorrow.');
});

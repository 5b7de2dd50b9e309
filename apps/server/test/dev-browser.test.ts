import { CHROMIUM_FLAGS, findPeer, missingPeers } from '@highball/testkit';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Project, projectWith } from './dev-support.ts';

/** An application whose page has a text and these fields. */
function pageOf(text: string, fields: Record<string, string> = {}): string {
  const headers = Object.entries({ 'Content-Type': 'text/html; charset=utf-8', ...fields });
  return `export const app = (environ, startResponse) => {
  const body = '<!doctype html><html><head><title>page</title></head><body><h1>${text}</h1></body></html>';
  startResponse('200 OK', [...${JSON.stringify(headers)}, ['Content-Length', String(body.length)]]);
  return [body];
};
`;
}

const skip = missingPeers('chromium');

describe.skipIf(skip !== undefined)(`a browser on highball dev${skip ? ` (${skip})` : ''}`, () => {
  let browser: Browser;

  beforeAll(async () => {
    browser = await chromium.launch({
      executablePath: findPeer('chromium') ?? '',
      args: [...CHROMIUM_FLAGS],
    });
  });

  afterAll(() => browser.close());

  /** The page of a project. */
  async function open(project: Project): Promise<Page> {
    const server = await project.dev(['app.mjs']);
    const page = await browser.newPage();
    await page.goto(`http://127.0.0.1:${server.port}/`);
    return page;
  }

  test('shows the new page as soon as a file is saved', async () => {
    await using project = await projectWith({ 'app.mjs': pageOf('one') });
    const page = await open(project);
    expect(await page.textContent('h1')).toBe('one');
    await project.save('app.mjs', pageOf('two'));
    await page.waitForSelector('h1:text("two")');
    expect(await page.locator('script').count()).toBe(0);
    await page.close();
  });

  test('shows why a version does not load, and the page again when that is mended', async () => {
    await using project = await projectWith({ 'app.mjs': pageOf('one') });
    const page = await open(project);
    await project.save('app.mjs', 'export const app = (;');
    await page.waitForSelector('h1 .name:text("SyntaxError")');
    expect(await page.textContent('.hit')).toBe('export const app = (;\n');
    await project.save('app.mjs', 'export const app = () => { throw new Error("<b>not yet</b>"); };');
    await page.waitForSelector('h1 .message:text("<b>not yet</b>")');
    expect(await page.textContent('.hit mark')).toBe('new');
    await project.save('app.mjs', pageOf('mended'));
    await page.waitForSelector('h1:text("mended")');
    await page.close();
  });

  test('sees an error page that fits a phone, in the dark, and is styled though it may run no script', async () => {
    await using project = await projectWith({
      'app.mjs': `export const app = () => { throw new Error('${'long '.repeat(80)}'); };`,
    });
    const server = await project.dev(['app.mjs']);
    const context = await browser.newContext({ viewport: { width: 360, height: 640 }, colorScheme: 'dark' });
    const page = await context.newPage();
    await page.goto(`http://127.0.0.1:${server.port}/`);
    const width = await page.evaluate('document.documentElement.scrollWidth');
    const ground = await page.evaluate('getComputedStyle(document.body).backgroundColor');
    expect(width).toBe(360);
    expect(ground).toBe('rgb(20, 24, 27)');
    await context.close();
  });

  test('reloads whatever policy a page has', async () => {
    const policies = [
      "default-src 'none'",
      "script-src 'none'; connect-src 'none'",
      "default-src 'self'",
      "script-src 'nonce-abc' 'strict-dynamic'; connect-src https://example.com",
      "default-src 'sha256-AAAA'",
    ];
    const app = (text: string): string =>
      pageOf(text).replace(
        '(environ, startResponse) => {',
        `(environ, start) => {
  const startResponse = (status, headers) =>
    start(status, [...headers, ['Content-Security-Policy', decodeURIComponent(environ.QUERY_STRING)]]);`,
      );
    await using project = await projectWith({ 'app.mjs': app('one') });
    const server = await project.dev(['app.mjs']);
    const pages = policies.map(async (policy) => {
      const page = await browser.newPage();
      const complaints: string[] = [];
      page.on('console', (message) => complaints.push(message.text()));
      await page.goto(`http://127.0.0.1:${server.port}/?${encodeURIComponent(policy)}`);
      return { page, policy, complaints };
    });
    const opened = await Promise.all(pages);
    await project.save('app.mjs', app('two'));
    for (const { page, policy, complaints } of opened) {
      await page.waitForSelector('h1:text("two")');
      expect(
        complaints.filter((text) => !text.includes('favicon')),
        policy,
      ).toEqual([]);
      await page.close();
    }
  });

  test('does not get older pages out of its cache', async () => {
    const fields = { 'Cache-Control': 'max-age=3600', ETag: '"same"' };
    await using project = await projectWith({ 'app.mjs': pageOf('one', fields) });
    const page = await open(project);
    await project.save('app.mjs', pageOf('two', fields));
    await page.waitForSelector('h1:text("two")');
    let loads = 0;
    page.on('load', () => loads++);
    await page.waitForTimeout(300);
    expect(loads).toBe(0);
    await page.close();
  });

  test('sees the pieces of a streaming page as they come, and reloads it while it streams', async () => {
    const streaming = (text: string): string => `export const app = async function (environ, startResponse) {
  startResponse('200 OK', [['Content-Type', 'text/html']]);
  return (async function* () {
    yield '<!doctype html><html><head><title>x</title></head><body><h1>${text}</h1>';
    await new Promise((resolve) => environ['highball.signal']().addEventListener('abort', resolve));
  })();
};`;
    await using project = await projectWith({ 'app.mjs': streaming('one') });
    const server = await project.dev(['app.mjs']);
    const page = await browser.newPage();
    await page.goto(`http://127.0.0.1:${server.port}/`, { waitUntil: 'commit' });
    await page.waitForSelector('h1:text("one")');
    await project.save('app.mjs', streaming('two'));
    await page.waitForSelector('h1:text("two")');
    await page.close();
  });

  test('in tabs behind another holds no connection, of which there are six to a host, and reloads when it is shown', async () => {
    await using project = await projectWith({ 'app.mjs': pageOf('one') });
    const server = await project.dev(['app.mjs']);
    const context = await browser.newContext();
    // Headless tabs are all visible.
    await context.addInitScript("Object.defineProperty(document, 'hidden', { get: () => !window.shown })");
    const pages = await Promise.all(Array.from({ length: 8 }, () => context.newPage()));
    for (const page of pages) await page.goto(`http://127.0.0.1:${server.port}/`, { timeout: 5000 });
    await project.save('app.mjs', pageOf('two'));
    await server.until(/reloaded/);
    const [page] = pages as [Page];
    expect(await page.textContent('h1')).toBe('one');
    await page.evaluate("window.shown = true; document.dispatchEvent(new Event('visibilitychange'))");
    await page.waitForSelector('h1:text("two")');
    await context.close();
  });
});

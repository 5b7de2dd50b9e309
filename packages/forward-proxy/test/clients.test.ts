import { once } from 'node:events';
import { statSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { findPeer, missingPeers, Program } from '@highball/testkit';
import { chromium } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { hashPassword } from '../src/index.ts';
import { startProxy } from './support.ts';

/** A site to visit. */
async function startSite(): Promise<AsyncDisposable & { port: number }> {
  const server = createServer((request, response) => {
    if (request.url === '/upload') {
      let length = 0;
      request.on('data', (chunk: Buffer) => (length += chunk.length));
      request.on('end', () => response.end(`took ${length}`));
      return;
    }
    response.setHeader('content-type', 'text/html');
    response.end(`<title>${request.url}</title><p>seen through ${request.headers.via ?? 'nothing'}</p>`);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

const noCurl = missingPeers('curl');
const users = { me: await hashPassword('pass word', 4) };

describe.skipIf(noCurl)(`curl ${noCurl ?? ''}`, () => {
  async function curl(...args: string[]): Promise<{ code: number | string; output: string }> {
    const program = new Program(findPeer('curl') as string, [
      '-sS',
      '--max-time',
      '10',
      '--noproxy',
      '',
      ...args,
    ]);
    return { code: await program.exited, output: program.output };
  }

  test('asks for a page in absolute-form, by -x', async () => {
    await using site = await startSite();
    await using proxy = await startProxy();
    const { output } = await curl(
      '-x',
      `http://127.0.0.1:${proxy.port}`,
      `http://127.0.0.1:${site.port}/page`,
    );
    expect(output).toBe('<title>/page</title><p>seen through 1.1 test-proxy</p>');
  });

  test('asks through a tunnel, by -p', async () => {
    await using site = await startSite();
    await using proxy = await startProxy();
    const { output } = await curl(
      '-p',
      '-x',
      `http://127.0.0.1:${proxy.port}`,
      `http://127.0.0.1:${site.port}/page`,
    );
    expect(output).toBe('<title>/page</title><p>seen through nothing</p>');
    await proxy.recorded(1);
    expect(proxy.records.map(({ method }) => method)).toEqual(['CONNECT']);
  });

  test.each([['absolute-form'], ['a tunnel']])('says who it is, by --proxy-user, in %s', async (form) => {
    await using site = await startSite();
    await using proxy = await startProxy({ users });
    const tunnel = form === 'a tunnel' ? ['-p'] : [];
    const ask = (...more: string[]): ReturnType<typeof curl> =>
      curl(
        ...tunnel,
        ...more,
        '-x',
        `http://127.0.0.1:${proxy.port}`,
        '-w',
        '%{http_code} %{http_connect}',
        `http://127.0.0.1:${site.port}/`,
      );
    expect((await ask()).output).toContain('407');
    expect((await ask('--proxy-user', 'me:wrong')).output).toContain('407');
    expect((await ask('--proxy-user', 'me:pass word')).output).toMatch(/seen through .* ?200/);
    // Asks first what is wanted, then answers.
    expect((await ask('--proxy-anyauth', '--proxy-user', 'me:pass word')).output).toMatch(/seen through/);
  });

  test('uploads, both by length and in chunks', async () => {
    await using site = await startSite();
    await using proxy = await startProxy();
    const upload = ['-x', `http://127.0.0.1:${proxy.port}`, '--data-binary', `@${findPeer('curl')}`];
    const url = `http://127.0.0.1:${site.port}/upload`;
    const size = statSync(findPeer('curl') as string).size;
    expect((await curl(...upload, url)).output).toBe(`took ${size}`);
    expect((await curl(...upload, '-H', 'Transfer-Encoding: chunked', url)).output).toBe(`took ${size}`);
  });

  test('is told why it is refused', async () => {
    await using proxy = await startProxy({ allow: ['*'] });
    const { output } = await curl('-i', '-x', `http://127.0.0.1:${proxy.port}`, 'http://127.0.0.1/');
    expect(output).toMatch(/^HTTP\/1\.1 403 Forbidden/);
    expect(output).toMatch(/Proxy-Status: test-proxy; error=destination_ip_prohibited/);
  });
});

const noBrowser = missingPeers('chromium');

test.skipIf(noBrowser)(`a browser visits a site through it, with a password ${noBrowser ?? ''}`, async () => {
  await using site = await startSite();
  await using proxy = await startProxy({ users, resolve: async () => ['127.0.0.1'] });
  const browser = await chromium.launch({
    executablePath: findPeer('chromium') as string,
    args: [
      '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
      '--disable-component-update', '--disable-sync',
    ], // prettier-ignore
    proxy: {
      server: `http://127.0.0.1:${proxy.port}`,
      username: 'me',
      password: 'pass word',
      bypass: '<-loopback>',
    },
  });
  try {
    const page = await browser.newPage();
    await page.goto(`http://site.test:${site.port}/home`);
    expect(await page.title()).toBe('/home');
    expect(await page.textContent('p')).toBe('seen through 1.1 test-proxy');
    // A WebSocket goes by CONNECT, even to http (RFC 6455 §4.1); that there is none behind does not matter.
    const opening = page.evaluate(
      (url) =>
        new Promise((resolve) => new WebSocket(url).addEventListener('error', () => resolve('refused'))),
      `ws://site.test:${site.port}/ws`,
    );
    expect(await opening).toBe('refused');
    while (!proxy.records.some(({ method, status }) => method === 'CONNECT' && status === 200)) {
      await proxy.recorded(proxy.records.length + 1);
    }
    expect(proxy.records).toContainEqual(
      expect.objectContaining({ method: 'CONNECT', user: 'me', status: 200, host: 'site.test' }),
    );
  } finally {
    await browser.close();
  }
  expect(proxy.errors).toEqual([]);
});

import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import { exchange, freePort, missingPeers, RawClient } from '@highball/testkit';
import { describe, expect, test } from 'vitest';
import { Site } from '../started.ts';
import { APP, startApache, startNginx, type WebServer, type Workers } from './web-servers.ts';

/** A request whose connection ends with its answer. */
function request(method: string, path: string, lines: readonly string[] = [], body = ''): string {
  const length = body === '' ? [] : [`Content-Length: ${body.length}`];
  const head = [`${method} ${path} HTTP/1.1`, 'Host: site.example', 'Connection: close', ...length, ...lines];
  return `${head.join('\r\n')}\r\n\r\n${body}`;
}

const get = (path: string, ...lines: string[]): string => request('GET', path, lines);
const bodyOf = (answer: string): string => answer.slice(answer.indexOf('\r\n\r\n') + 4);
const told = (answer: string): Record<string, unknown> => {
  if (!answer.startsWith('HTTP/1.1 200 ')) throw new Error(answer);
  return JSON.parse(bodyOf(answer)) as Record<string, unknown>;
};

interface Front extends AsyncDisposable {
  readonly site: Site;
  readonly server: WebServer;
  readonly highball: { readonly output: string };
}

const starters = { nginx: startNginx, apache2: startApache };

/** `highball serve --protocol uwsgi`, and a web server in front of it. */
async function front(
  peer: keyof typeof starters,
  over: 'TCP' | 'a Unix socket',
  args: readonly string[] = [],
): Promise<Front> {
  const site = await Site.make({ 'app.mjs': APP });
  // Web servers that were started by root serve as somebody else.
  await chmod(site.path, 0o755);
  const workers: Workers = over === 'TCP' ? await freePort() : join(site.path, 'uwsgi.sock');
  const bind = typeof workers === 'number' ? `127.0.0.1:${workers}` : `unix:${workers}`;
  const flags = ['--protocol', 'uwsgi', '-b', bind, '--control-socket', 'control', '--umask', '0', ...args];
  const highball = site.run(['serve', 'app.mjs', ...flags]);
  await highball.until(/serves (uwsgi:\/\/127|unix:)/);
  const server = await starters[peer](site.path, workers);
  const end = async (): Promise<void> => {
    await server[Symbol.asyncDispose]();
    await site[Symbol.asyncDispose]();
  };
  return { site, server, highball, [Symbol.asyncDispose]: end };
}

describe.each([
  ['nginx', 'TCP'],
  ['nginx', 'a Unix socket'],
  ['apache2', 'TCP'],
  ['apache2', 'a Unix socket'],
] as const)('%s over %s', (peer, over) => {
  const missing = missingPeers(peer);

  test.skipIf(missing)(`requests and answers go through as they are ${missing ?? ''}`, async () => {
    await using running = await front(peer, over, ['--workers', '2']);
    const { port } = running.server;
    const ask = (text: string): Promise<string> => exchange(port, text, 15_000);

    const echo = told(await ask(request('POST', '/a%20b?q=1', ['Content-Type: text/plain'], 'hello')));
    expect(echo).toMatchObject({
      length: 5,
      REQUEST_METHOD: 'POST',
      QUERY_STRING: 'q=1',
      CONTENT_LENGTH: '5',
    });
    expect(echo).toMatchObject({ REMOTE_ADDR: '127.0.0.1', 'wsgi.url_scheme': 'http', PATH_INFO: '/a b' });

    const megabytes = 'x'.repeat(5_000_000);
    expect(told(await ask(request('PUT', '/', [], megabytes)))).toMatchObject({ length: 5_000_000 });
    // Apache asks for a length itself (411) where it speaks uwsgi.
    if (peer === 'nginx') {
      const chunked = `${request('POST', '/', ['Transfer-Encoding: chunked'])}5\r\nhello\r\n0\r\n\r\n`;
      expect(told(await ask(chunked))).toMatchObject({ length: 5 });
    }

    expect(bodyOf(await ask(get('/bytes/16000000'))).length).toBe(16_000_000);
    expect(await ask(get('/stream/1000'))).toMatch(/piece 999\n/);
    expect(await ask(request('HEAD', '/bytes/16'))).toMatch(/^HTTP\/1\.1 200 OK\r\n[^]*\r\n\r\n$/);
    expect(await ask(get('/etag', 'If-None-Match: "abc"'))).toMatch(/^HTTP\/1\.1 304 [^]*\r\n\r\n$/);
    expect(await ask(get('/range', 'Range: bytes=2-5'))).toMatch(
      /^HTTP\/1\.1 206 [^]*Content-Range: bytes 2-5\/16\r\n[^]*2345$/,
    );
    const cookies = await ask(get('/cookies', 'Cookie: c=3; d=4'));
    expect(cookies.match(/set-cookie: (\w=\d)/gi)).toHaveLength(2);
    expect(bodyOf(cookies)).toContain('c=3; d=4');
  });

  test.skipIf(missing)(
    `the client is who the web server says, and not who it says itself ${missing ?? ''}`,
    async () => {
      await using running = await front(peer, over);
      const claims = [
        'X-Forwarded-For: 198.51.100.1',
        'X-Forwarded-Proto: https',
        'Forwarded: for=198.51.100.2',
      ];
      const ask = async (header: string): Promise<Record<string, unknown>> =>
        told(await exchange(running.server.introducedPort, `${header}\r\n${get('/', ...claims)}`));
      for (const [family, address] of [
        ['TCP4', '203.0.113.9'],
        ['TCP6', '2001:db8::9'],
      ] as const) {
        const here = family === 'TCP4' ? '192.0.2.1' : '2001:db8::1';
        const environ = await ask(`PROXY ${family} ${address} ${here} 4711 80`);
        expect(environ).toMatchObject({ REMOTE_ADDR: address, 'wsgi.url_scheme': 'http' });
        expect(environ).not.toHaveProperty('HTTP_X_FORWARDED_FOR');
        expect(environ).not.toHaveProperty('HTTP_FORWARDED');
      }
    },
  );
});

const nginx = missingPeers('nginx');

describe.skipIf(nginx)(`nginx ${nginx ?? ''}`, () => {
  test('a client that leaves is told to the application', async () => {
    await using running = await front('nginx', 'TCP');
    const client = await RawClient.connect(running.server.port);
    client.send(get('/wait'));
    await expect.poll(() => running.highball.output).toContain('waiting');
    client.destroy();
    await expect.poll(() => running.highball.output).toContain('given up: CLIENT_GONE');
  });

  test('an answer that breaks off does not look whole', async () => {
    await using running = await front('nginx', 'TCP');
    const answer = await exchange(running.server.port, get('/broken'));
    expect(answer).not.toMatch(/\r\n0\r\n\r\n$/);
  });

  test('where it mounts and rewrites, the application sees what it makes of the path', async () => {
    await using running = await front('nginx', 'TCP');
    const ask = async (path: string): Promise<object> => told(await exchange(running.server.port, get(path)));
    expect(await ask('/mounted/x')).toMatchObject({ SCRIPT_NAME: '/mounted', PATH_INFO: '/x' });
    expect(await ask('/rewritten/x%20y?z')).toMatchObject({
      PATH_INFO: '/inside/x y',
      RAW_URI: '/inside/x%20y?z',
      REMOTE_USER: 'ann',
    });
  });

  test('several workers serve, a reload loses no request, and the access log has the clients', async () => {
    await using running = await front('nginx', 'TCP', ['--workers', '2', '--access-log', '-']);
    const { server, site, highball } = running;
    const pids = new Set<unknown>();
    let failed = 0;
    const over = new AbortController();
    const clients = Array.from({ length: 4 }, async () => {
      while (!over.signal.aborted) {
        const answer = await exchange(server.port, get('/'));
        if (answer.startsWith('HTTP/1.1 200 ')) pids.add(told(answer)['pid']);
        else failed++;
      }
    });
    await expect.poll(() => pids.size).toBeGreaterThanOrEqual(2);
    const before = pids.size;
    await site.ctl('reload');
    await expect.poll(() => pids.size, { timeout: 10_000 }).toBeGreaterThanOrEqual(before + 2);
    over.abort();
    await Promise.all(clients);
    expect(failed).toBe(0);
    await exchange(server.introducedPort, `PROXY TCP4 203.0.113.9 192.0.2.1 4711 80\r\n${get('/logged')}`);
    await expect.poll(() => highball.output).toMatch(/^203\.0\.113\.9 - - .*"GET \/logged HTTP\/1\.1" 200 /m);
  });

  test('threads serve', async () => {
    await using running = await front('nginx', 'TCP', ['--worker-class', 'threads', '--threads', '2']);
    const answer = await exchange(running.server.port, request('POST', '/', [], 'hello'));
    expect(told(answer)).toMatchObject({ length: 5, REMOTE_ADDR: '127.0.0.1', HTTP_HOST: 'site.example' });
  });

  test('a web server that is not listed is refused, and the log says what to do', async () => {
    await using running = await front('nginx', 'TCP', ['--uwsgi-allow-ips', '192.0.2.1']);
    expect(await exchange(running.server.port, get('/'))).toMatch(/^HTTP\/1\.1 403 /);
    await expect.poll(() => running.highball.output).toContain('uwsgiAllowIps does not name it');
  });
});

test('in a configuration the front speaks uwsgi, and the applications behind it HTTP', async () => {
  await using site = await Site.make({
    'app.mjs': APP,
    'highball.config.mjs': `export default {
      protocol: 'uwsgi', bind: ['127.0.0.1:0'], workers: 1,
      upstreams: { site: { app: './app.mjs' } }, routes: [{ proxy: 'site' }],
    };`,
  });
  const check = site.run(['check', '-c', 'highball.config.mjs']);
  expect(await check.exited, check.output).toBe(0);
  const highball = site.run(['run', '-c', 'highball.config.mjs', '--control-socket', 'control']);
  const [, port] = await highball.until(/serves uwsgi:\/\/127\.0\.0\.1:(\d+)/);
  const variables = ['REQUEST_METHOD', 'GET', 'REQUEST_URI', '/x?y', 'REMOTE_ADDR', '203.0.113.9'];
  const block = variables.map((text) => `${String.fromCharCode(text.length)}\0${text}`).join('');
  const packet = `\0${String.fromCharCode(block.length)}\0\0${block}`;
  const answer = await exchange(Number(port), packet);
  expect(told(answer)).toMatchObject({ PATH_INFO: '/x', QUERY_STRING: 'y', REMOTE_ADDR: '203.0.113.9' });
});

import { findPeer, freePort, missingPeers, Program, temporaryFolder } from '@highball/testkit';
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { serve, type TestServer, until } from '../support.ts';

const run = promisify(execFile);
const missingCurl = missingPeers('curl');
const missingHaproxy = missingPeers('haproxy');
const missingCaddy = missingPeers('caddy');

/** Says what it was asked, and sends back what it was sent. */
function serveEcho(): Promise<TestServer> {
  return serve(async (environ, start) => {
    const body = await environ['wsgi.input'].read();
    start('200 OK', [['X-Protocol', environ.SERVER_PROTOCOL]]);
    return [`${environ.REQUEST_METHOD} ${environ.RAW_URI} `, body];
  });
}

describe('curl', () => {
  test.skipIf(missingCurl)('asks and sends', async () => {
    await using server = await serveEcho();
    const args = ['-s', '--http2-prior-knowledge', '-d', 'abc', '-w', ' %{http_version}'];
    const { stdout } = await run(findPeer('curl')!, [...args, `http://127.0.0.1:${server.port}/a`]);
    expect(stdout).toBe('POST /a abc 2');
  });

  test.skipIf(missingCurl)('that would like to upgrade stays with HTTP/1.1', async () => {
    await using server = await serveEcho();
    const { stdout } = await run(findPeer('curl')!, [
      '-s',
      '--http2',
      '-w',
      ' %{http_version}',
      `http://127.0.0.1:${server.port}/a`,
    ]);
    expect(stdout).toBe('GET /a  1.1');
  });
});

/** Asks a proxy in front for a few things, some of them large. */
async function askThrough(port: number, server: TestServer): Promise<void> {
  await until(() => server.worker.stats() !== undefined);
  const sizes = [0, 5, 1_000_000];
  const answers = await Promise.all(sizes.map((size) => post(port, Buffer.alloc(size, 'x'))));
  for (const [i, { protocol, body }] of answers.entries()) {
    expect(protocol).toBe('HTTP/2');
    expect(body).toBe(`POST /up ${'x'.repeat(sizes[i]!)}`);
  }
}

function post(port: number, bytes: Buffer): Promise<{ protocol: unknown; body: string }> {
  return new Promise((resolve, reject) => {
    const sending = request({ port, host: '127.0.0.1', path: '/up', method: 'POST' }, (response) => {
      let body = '';
      response.setEncoding('latin1').on('data', (chunk: string) => (body += chunk));
      response.on('end', () => resolve({ protocol: response.headers['x-protocol'], body }));
    });
    sending.on('error', reject).end(bytes);
  });
}

async function listening(port: number): Promise<void> {
  const deadline = performance.now() + 20_000;
  for (;;) {
    const answered = await post(port, Buffer.alloc(0)).then(({ protocol }) => protocol !== undefined, () => false); // prettier-ignore
    if (answered) return;
    if (performance.now() > deadline) throw new Error('the proxy does not listen');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

describe('a proxy in front that speaks it', () => {
  test.skipIf(missingHaproxy)('HAProxy', async () => {
    await using server = await serveEcho();
    await using folder = await temporaryFolder();
    const port = await freePort();
    const file = join(folder.path, 'haproxy.cfg');
    await writeFile(
      file,
      `defaults
  mode http
  timeout connect 5s
  timeout client 30s
  timeout server 30s
frontend front
  bind 127.0.0.1:${port}
  default_backend behind
backend behind
  server one 127.0.0.1:${server.port} proto h2
`,
    );
    await using _ = new Program(findPeer('haproxy')!, ['-db', '-f', file]);
    await listening(port);
    await askThrough(port, server);
  });

  test.skipIf(missingCaddy)('Caddy', async () => {
    await using server = await serveEcho();
    await using folder = await temporaryFolder();
    const port = await freePort();
    const file = join(folder.path, 'Caddyfile');
    await writeFile(
      file,
      `{
  admin off
  auto_https off
}
http://127.0.0.1:${port} {
  reverse_proxy h2c://127.0.0.1:${server.port}
}
`,
    );
    const env = { HOME: folder.path, XDG_DATA_HOME: folder.path, XDG_CONFIG_HOME: folder.path };
    await using _ = new Program(findPeer('caddy')!, ['run', '--config', file, '--adapter', 'caddyfile'], {
      env,
    });
    await listening(port);
    await askThrough(port, server);
  });
});

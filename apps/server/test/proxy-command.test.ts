import { execFileSync, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { createServer as createHttp } from 'node:http';
import { createServer as createHttps } from 'node:https';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import {
  exchange,
  findPeer,
  freePort,
  highball,
  missingPeers,
  Program,
  RawClient,
  temporaryFolder,
  PHP_FPM,
  startPhpFpm,
} from '@highball/testkit';
import { describe, expect, test } from 'vitest';
import { Behind, bodyOf, get } from './upstream/support.ts';

/** Runs `highball proxy`, asks it, and ends it. */
async function through(
  args: readonly string[],
  ask: (port: number, program: Program) => Promise<void>,
  env: NodeJS.ProcessEnv = {},
): Promise<void> {
  await using program = highball(['proxy', ...args, '-w', '1', '-b', '127.0.0.1:0'], { env });
  const [, port] = await program.until(/serves http:\/\/127\.0\.0\.1:(\d+)/);
  await ask(Number(port), program);
}

const post = (body: string): string =>
  `POST /a/b?q=1 HTTP/1.1\r\nHost: site.example\r\nConnection: close\r\nContent-Length: ${body.length}\r\n\r\n${body}`;

describe('highball proxy speaks', () => {
  test('HTTP, over TCP and Unix sockets, and balances as it is told', async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'app.sock');
    await using tcp = await Behind.start('tcp');
    const unix = createHttp((_, response) => response.end('unix')).listen(path);
    await once(unix, 'listening');
    await through([tcp.url, `unix:${path}`, '--balance', 'round-robin'], async (port) => {
      const names: string[] = [];
      for (let i = 0; i < 4; i++) names.push(bodyOf(await get(port)));
      expect(names).toEqual(['tcp', 'unix', 'tcp', 'unix']);
    });
    unix.close();
  });

  const openssl = spawnSync('openssl', ['version']).status === 0;
  test.skipIf(!openssl)('HTTPS, verified (needs openssl)', async () => {
    await using folder = await temporaryFolder();
    const [key, cert] = [join(folder.path, 'key.pem'), join(folder.path, 'cert.pem')];
    execFileSync('openssl', [
      'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2',
      '-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost', '-keyout', key, '-out', cert,
    ], { stdio: 'ignore' }); // prettier-ignore
    const options = { key: readFileSync(key), cert: readFileSync(cert) };
    const server = createHttps(options, (_, response) => response.end('by TLS')).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const url = `https://localhost:${(server.address() as AddressInfo).port}`;
    const known = { NODE_EXTRA_CA_CERTS: cert };
    await through([url], async (port) => expect(bodyOf(await get(port))).toBe('by TLS'), known);
    await through([url], async (port) => expect(await get(port)).toMatch(/^HTTP\/1\.1 502 /));
    server.close();
  });

  const uwsgi = '/usr/bin/uwsgi-core';
  test.skipIf(!existsSync(uwsgi))(
    'uwsgi, over TCP and Unix sockets (needs uwsgi-plugin-python3)',
    async () => {
      await using folder = await temporaryFolder();
      const [file, path, port] = [join(folder.path, 'a.py'), join(folder.path, 'u.sock'), await freePort()];
      await writeFile(
        file,
        `def application(environ, start_response):
    body = environ['wsgi.input'].read()
    start_response('200 OK', [('Content-Type', 'text/plain')])
    return [('%s %s %s ' % (environ['REQUEST_METHOD'], environ['PATH_INFO'], environ['QUERY_STRING'])).encode() + body]
`,
      );
      const sockets = ['--socket', `127.0.0.1:${port}`, '--socket', path];
      const args = ['--plugin', 'python3', ...sockets, '--wsgi-file', file, '--die-on-term', '--need-app'];
      await using server = new Program(uwsgi, args);
      await server.until(/WSGI app 0 .* ready|spawned uWSGI/);
      for (const address of [`uwsgi://127.0.0.1:${port}`, `uwsgi+unix:${path}`]) {
        await through([address], async (front) => {
          expect(await exchange(front, post('body'))).toContain('POST /a/b q=1 body');
        });
      }
    },
  );

  test.skipIf(!existsSync(PHP_FPM))(
    'FastCGI, to PHP-FPM with a document root (needs php8.2-fpm)',
    async () => {
      await using folder = await temporaryFolder();
      const { program, port } = await startPhpFpm(folder.path);
      await using server = program;
      const script = join(folder.path, 'index.php');
      await writeFile(script, `<?php echo $_SERVER['REQUEST_URI'], ' ', file_get_contents('php://input');`);
      const address = `fastcgi://127.0.0.1:${port}`;
      await through([address, '--document-root', folder.path], async (front) => {
        await expect
          .poll(() => get(front, '/index.php'), { timeout: 10_000, message: server.output })
          .toMatch(/200 OK[^]*\/index\.php/);
        expect(await get(front, '/other.php')).toMatch(/^HTTP\/1\.1 404 /);
      });
      // A front controller: one program for all paths.
      await through([address, '--script-filename', script], async (front) => {
        expect(await exchange(front, post('body'))).toContain('/a/b?q=1 body');
      });
    },
  );

  test.skipIf(missingPeers('python3') !== undefined)('SCGI (needs python3)', async () => {
    await using folder = await temporaryFolder();
    const file = join(folder.path, 'scgi.py');
    await writeFile(
      file,
      `import socket
server = socket.create_server(('127.0.0.1', 0))
print('port', server.getsockname()[1], flush=True)
while True:
    connection, _ = server.accept()
    stream = connection.makefile('rb')
    length = b''
    while not length.endswith(b':'):
        length += stream.read(1)
    parts = stream.read(int(length[:-1])).split(b'\\0')
    stream.read(1)
    variables = dict(zip(parts[::2], parts[1::2]))
    body = stream.read(int(variables[b'CONTENT_LENGTH']))
    connection.sendall(b'Status: 200 OK\\r\\nContent-Type: text/plain\\r\\n\\r\\n' +
        variables[b'REQUEST_METHOD'] + b' ' + variables[b'REQUEST_URI'] + b' ' + body)
    stream.close()
    connection.close()
`,
    );
    await using server = new Program(findPeer('python3') as string, [file]);
    const [, port] = await server.until(/port (\d+)/);
    await through([`scgi://127.0.0.1:${port}`], async (front) => {
      expect(await exchange(front, post('body'))).toContain('POST /a/b?q=1 body');
    });
  });
});

describe('highball proxy', () => {
  test('--read-timeout and --send-timeout are kept to', async () => {
    await using silent = await Behind.start('silent');
    silent.behave = () => undefined;
    const deaf = createServer((socket) => socket.on('error', () => undefined).pause()).listen(0, '127.0.0.1');
    await once(deaf, 'listening');
    await through([silent.url, '--read-timeout', '0.2'], async (port) => {
      expect(await get(port)).toMatch(/^HTTP\/1\.1 504 /);
    });
    const { port: deafPort } = deaf.address() as AddressInfo;
    await through([`http://127.0.0.1:${deafPort}`, '--send-timeout', '0.3'], async (port) => {
      const client = await RawClient.connect(port);
      client.send(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${2e9}\r\n\r\n`);
      const piece = Buffer.alloc(1_000_000);
      for (let i = 0; i < 40; i++) client.send(piece);
      await client.until('HTTP/1.1 504 ', 15_000);
      client.destroy();
    });
    deaf.close();
  });

  test.skipIf(missingPeers('python3') !== undefined)(
    '--connect-timeout is kept to (needs python3)',
    async () => {
      // Its queue is full, and nobody takes anything from it: the kernel leaves further connections unanswered.
      const full = `import socket, time
server = socket.socket()
server.bind(('127.0.0.1', 0))
server.listen(0)
waiting = [socket.socket() for _ in range(8)]
for client in waiting:
    client.setblocking(False)
    client.connect_ex(server.getsockname())
print('port', server.getsockname()[1], flush=True)
time.sleep(60)`;
      await using deaf = new Program(findPeer('python3') as string, ['-c', full]);
      const [, port] = await deaf.until(/port (\d+)/);
      const url = `http://127.0.0.1:${port}`;
      await through([url, '--connect-timeout', '0.3'], async (front, program) => {
        expect(await get(front)).toMatch(/^HTTP\/1\.1 504 /);
        expect(program.output).toContain('did not accept within 300 ms');
      });
    },
  );

  test('--trust says whose word on their clients counts', async () => {
    await using told = await Behind.start('told');
    told.behave = ({ headers }, response) => void response.end(headers['x-forwarded-for']);
    const ask = async (port: number): Promise<string> =>
      bodyOf(await get(port, '/', 'X-Forwarded-For: 203.0.113.9\r\n'));
    await through([told.url, '--trust', '10.0.0.0/8'], async (port) => {
      expect(await ask(port)).toBe('127.0.0.1');
    });
    await through([told.url, '--trust', '127.0.0.0/8', '--trust', '10.0.0.0/8'], async (port) => {
      expect(await ask(port)).toContain('203.0.113.9');
    });
  });

  test.each([
    [['http://127.0.0.1:1', '--balance', 'best'], /'best' is invalid.*round-robin/],
    [
      ['http://127.0.0.1:1', '--connect-timeout', 'x'],
      /--connect-timeout must be seconds, from 0 to 2000000, not 'x'/,
    ],
    [['ftp://127.0.0.1'], /'ftp:\/\/127\.0\.0\.1' is no upstream; write http:\/\/HOST:PORT/],
  ])('%j is refused in one line', async (args, line) => {
    const wrong = highball(['proxy', ...args, '-b', '127.0.0.1:0']);
    expect(await wrong.exited).toBe(1);
    expect(wrong.stderr).toMatch(line);
    expect(wrong.stderr.trim().split('\n')).toHaveLength(1);
  });
});

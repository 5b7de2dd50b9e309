/** Real programs under a real worker, over sockets. */
import { execFileSync } from 'node:child_process';
import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { cgi } from '../src/index.ts';
import { bodyOf, PLAIN, request, Scripts, serve, statusOf, until } from './support.ts';

function hasPython(): boolean {
  try {
    execFileSync('python3', ['-c', ''], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

describe('a shell script', () => {
  test('answers with its output, and sees the request in its environment', async () => {
    await using scripts = await Scripts.make();
    await using server = await serve(cgi(await scripts.sh('env', PLAIN, 'env')));
    const answer = await server.ask(
      'GET /a%20b?q=1&r\nX-A: 1\nX-A: 2\nProxy: evil\nAuthorization: Basic eA==',
    );
    expect(statusOf(answer)).toBe(200);
    expect(answer).toContain('\r\nContent-Type: text/plain\r\n');
    const lines = bodyOf(answer).split('\n');
    expect(lines).toEqual(
      expect.arrayContaining([
        'GATEWAY_INTERFACE=CGI/1.1',
        'REQUEST_METHOD=GET',
        'SCRIPT_NAME=',
        'PATH_INFO=/a b',
        'QUERY_STRING=q=1&r',
        'REQUEST_URI=/a%20b?q=1&r',
        'REMOTE_ADDR=127.0.0.1',
        'REMOTE_HOST=127.0.0.1',
        'SERVER_NAME=example.com',
        'SERVER_PORT=80',
        'SERVER_PROTOCOL=HTTP/1.1',
        'HTTP_HOST=example.com',
        'HTTP_X_A=1,2',
        `SCRIPT_FILENAME=${scripts.path}/env`,
      ]),
    );
    expect(bodyOf(answer)).not.toMatch(/HTTP_PROXY|AUTHORIZATION|HTTP_CONNECTION/);
    // The server's own environment stays with the server.
    expect(bodyOf(answer)).not.toMatch(/VITEST|HOME=/);
  });

  test('runs in its own folder, with the variables of the options', async () => {
    await using scripts = await Scripts.make();
    await using server = await serve(
      cgi(await scripts.sh('pwd', PLAIN, 'echo "$(pwd) $KEY"'), { env: { KEY: 'value' } }),
    );
    expect(bodyOf(await server.ask('GET /'))).toBe(`${scripts.path} value\n`);
  });

  test('may be the argument of its interpreter', async () => {
    await using scripts = await Scripts.make();
    const script = await scripts.write('plain', `${PLAIN}; echo "$0 $1 $SCRIPT_FILENAME"`, 0o644);
    const app = cgi('/bin/sh', { args: [script, 'a b; exit'], cwd: scripts.path, scriptFilename: script });
    await using server = await serve(app);
    expect(bodyOf(await server.ask('GET /'))).toBe(`${script} a b; exit ${script}\n`);
  });

  test.skipIf(process.getuid?.() !== 0)('runs as another user, without our groups (needs root)', async () => {
    await using scripts = await Scripts.make();
    await chmod(scripts.path, 0o755);
    const script = await scripts.sh('id', PLAIN, 'echo "$(id -u) $(id -g) $(id -G)"');
    await using server = await serve(cgi(script, { uid: 65_534, gid: 65_534 }));
    expect(bodyOf(await server.ask('GET /'))).toBe('65534 65534 65534\n');
  });

  test('reads the body from its standard input', async () => {
    await using scripts = await Scripts.make();
    await using server = await serve(
      cgi(await scripts.sh('cat', PLAIN, 'echo "$CONTENT_LENGTH $CONTENT_TYPE"', 'cat')),
    );
    const answer = await server.ask('POST /\nContent-Type: text/x', 'line 1\nline 2');
    expect(bodyOf(answer)).toBe('13 text/x\nline 1\nline 2');
  });

  test('gets a chunked body counted', async () => {
    await using scripts = await Scripts.make();
    await using server = await serve(
      cgi(await scripts.sh('cat', PLAIN, 'echo "$CONTENT_LENGTH $HTTP_TRANSFER_ENCODING"', 'cat'), {
        maxSpoolBytes: 6,
      }),
    );
    const ask = async (...chunks: string[]): Promise<string> => {
      const body = [...chunks, ''].map((chunk) => `${chunk.length.toString(16)}\r\n${chunk}\r\n`).join('');
      const client = await server.connect();
      client.send(`${request('POST /\nTransfer-Encoding: chunked')}${body}`);
      await client.closed;
      return client.received;
    };
    expect(bodyOf(await ask('abc', 'def'))).toBe('6 \nabcdef');
    expect(statusOf(await ask('abc', 'defg'))).toBe(411);
  });

  test('a large body goes in and out, byte by byte the same', async () => {
    await using scripts = await Scripts.make();
    await using server = await serve(cgi(await scripts.sh('cat', PLAIN, 'cat')));
    const body = Buffer.alloc(5_000_000, 'highball ');
    const answer = await fetch(`http://127.0.0.1:${server.port}/`, { method: 'POST', body });
    expect(Buffer.from(await answer.arrayBuffer()).equals(body)).toBe(true);
  });

  test('may leave its input unread', async () => {
    await using scripts = await Scripts.make();
    await using server = await serve(cgi(await scripts.sh('deaf', PLAIN, 'echo done')));
    const answer = await fetch(`http://127.0.0.1:${server.port}/`, {
      method: 'POST',
      body: 'x'.repeat(300_000),
    });
    expect(await answer.text()).toBe('done\n');
    expect(server.errors.text).toBe('');
  });

  test('sends its status, its fields, and a redirect', async () => {
    await using scripts = await Scripts.make();
    const script = await scripts.sh(
      'status',
      'case $PATH_INFO in',
      "/status) printf 'Status: 404 Gone Fishing\\nContent-Type: text/plain\\nSet-Cookie: a=b\\nSet-Cookie: c=d\\n\\nno';;",
      "/away) printf 'Location: https://example.com/x\\n\\n';;",
      "/document) printf 'Location: https://example.com/x\\nStatus: 301 Moved\\nContent-Type: text/plain\\n\\nover there';;",
      'esac',
    );
    await using server = await serve(cgi(script));
    const answer = await server.ask('GET /status');
    expect(answer).toMatch(/^HTTP\/1\.1 404 Gone Fishing\r\n/);
    expect(answer).toContain('\r\nSet-Cookie: a=b\r\nSet-Cookie: c=d\r\n');
    expect(answer).not.toContain('Status:');
    const away = await server.ask('GET /away');
    expect(away).toMatch(/^HTTP\/1\.1 302 Found\r\n/);
    expect(away).toContain('\r\nLocation: https://example.com/x\r\n');
    const document = await server.ask('GET /document');
    expect(document).toMatch(/^HTTP\/1\.1 301 Moved\r\n/);
    expect(bodyOf(document)).toBe('over there');
  });

  test('each piece is sent when it is written', async () => {
    await using scripts = await Scripts.make();
    const go = join(scripts.path, 'go');
    const script = await scripts.sh(
      'slow',
      PLAIN,
      'echo one',
      `while [ ! -e ${go} ]; do sleep 0.02; done`,
      'echo two',
    );
    await using server = await serve(cgi(script));
    const client = await server.connect();
    client.send(request('GET /'));
    expect(await client.until('one')).not.toContain('two');
    await scripts.write('go', '');
    await client.closed;
    expect(bodyOf(client.received)).toBe('one\ntwo\n');
  });

  test('writes to the error log by its stderr', async () => {
    await using scripts = await Scripts.make();
    const script = await scripts.sh(
      'warn',
      'echo "first" >&2',
      PLAIN,
      "printf 'sec\\033[31mond' >&2",
      'echo ok',
    );
    await using server = await serve(cgi(script));
    expect(bodyOf(await server.ask('GET /'))).toBe('ok\n');
    await until(() => server.errors.text.includes('ond'));
    expect(server.errors.text).toBe(`${script}: first\n${script}: sec\\x1b[31mond\n`);
  });

  test('a query cannot split its header, nor become an option', async () => {
    await using scripts = await Scripts.make();
    const script = await scripts.sh(
      'inject',
      `printf 'Content-Type: text/plain\\nX-Query: %s\\n\\n' "$QUERY_STRING"`,
      'echo $#',
    );
    await using server = await serve(cgi(script));
    const answer = await server.ask('GET /?a%0d%0aSet-Cookie:%20evil=1');
    expect(answer).toContain('\r\nX-Query: a%0d%0aSet-Cookie:%20evil=1\r\n');
    expect(answer).not.toContain('\r\nSet-Cookie');
    expect(bodyOf(await server.ask('GET /?-s'))).toBe('0\n');
    await using indexed = await serve(cgi(script, { indexedQuery: true }));
    expect(bodyOf(await indexed.ask('GET /?one+two%20words'))).toBe('2\n');
  });
});

describe.skipIf(!hasPython())('a Python script (needs python3)', () => {
  test('answers a form', async () => {
    await using scripts = await Scripts.make();
    const script = await scripts.write(
      'form.py',
      `#!/usr/bin/env python3
import os, sys
from urllib.parse import parse_qs
form = parse_qs(sys.stdin.buffer.read(int(os.environ["CONTENT_LENGTH"])).decode())
sys.stdout.buffer.write(b"Content-Type: text/plain; charset=utf-8\\r\\n\\r\\n")
sys.stdout.buffer.write(f"Hello, {form['name'][0]} at {os.environ['PATH_INFO']}".encode())`,
    );
    await using server = await serve(cgi(script));
    const answer = await server.ask(
      'POST /sm%C3%B6r\nContent-Type: application/x-www-form-urlencoded',
      'name=%C3%85sa',
    );
    expect(Buffer.from(bodyOf(answer), 'latin1').toString()).toBe('Hello, Åsa at /smör');
  });
});

describe('a program at fault', () => {
  test.each([
    ['writes nothing', ':', 502, 'NO_HEADER'],
    ['dies within its header', "printf 'Content-Type: te'; exit 3", 502, 'NO_HEADER'],
    ['writes no header', "printf 'hello\\n\\n'", 502, 'BAD_FIELD'],
    ['writes a status line (NPH)', "printf 'HTTP/1.1 200 OK\\nContent-Type: x/y\\n\\n'", 502, 'NPH'],
    ['names no type', "printf 'X-A: b\\n\\nbody'", 502, 'NO_CGI_FIELD'],
    ['names two types', "printf 'Content-Type: a/b\\nContent-Type: c/d\\n\\n'", 502, 'REPEATED_CGI_FIELD'],
    ['has a bad status', "printf 'Status: ok\\n\\n'", 502, 'BAD_STATUS'],
    ['splits a field by CR', "printf 'Content-Type: a/b\\nX-A: b\\rSet-Cookie: c\\n\\n'", 502, 'BAD_FIELD'],
    ['has a space before a colon', "printf 'Content-Type : a/b\\n\\n'", 502, 'BAD_FIELD'],
    ['folds a field', "printf 'Content-Type: a/b\\n  c\\n\\n'", 502, 'BAD_FIELD'],
    ['floods its header', "printf 'X-A: '; head -c 100000 /dev/zero | tr '\\\\0' a", 502, 'HEADER_TOO_LARGE'],
    [
      'has too many fields',
      'for i in $(seq 101); do echo "X-$i: a"; done; echo; echo',
      502,
      'HEADER_TOO_LARGE',
    ],
    ['kills itself in its header', 'kill -9 $$', 502, 'DIED'],
  ])('that %s', async (_name, line, status, code) => {
    await using scripts = await Scripts.make();
    await using server = await serve(cgi(await scripts.sh('bad', line)));
    const answer = await server.ask('GET /');
    expect(statusOf(answer)).toBe(status);
    expect(bodyOf(answer)).toBe('502 Bad Gateway\n');
    expect(server.errors.text).toContain(code);
  });

  test('that does not exist, or is no program: 500', async () => {
    await using scripts = await Scripts.make();
    await using missing = await serve(cgi(join(scripts.path, 'missing')));
    expect(statusOf(await missing.ask('GET /'))).toBe(500);
    expect(missing.errors.text).toMatch(/START_FAILED: .* \(spawn .* ENOENT\)/);
    await using plain = await serve(cgi(await scripts.write('plain', 'text', 0o644)));
    expect(statusOf(await plain.ask('GET /'))).toBe(500);
    expect(plain.errors.text).toContain('EACCES');
  });

  test('that dies in its body: the answer is cut', async () => {
    await using scripts = await Scripts.make();
    await using server = await serve(cgi(await scripts.sh('dies', PLAIN, 'echo part', 'kill -9 $$')));
    const answer = await server.ask('GET /');
    expect(statusOf(answer)).toBe(200);
    expect(answer).toMatch(/part\n\r\n$/);
    expect(server.log.join()).toContain('was ended by SIGKILL');
  });
});

describe('a request that no program can get', () => {
  test('a path that is no UTF-8: 400', async () => {
    await using scripts = await Scripts.make();
    await using server = await serve(cgi(await scripts.sh('plain', PLAIN)));
    expect(statusOf(await server.ask('GET /%ff'))).toBe(400);
    expect(server.errors.text).toContain('PATH_INFO is no UTF-8');
  });
});

test('options that make no sense are refused', () => {
  expect(() => cgi('relative/program')).toThrow(expect.objectContaining({ code: 'BAD_OPTION' }));
  expect(() => cgi('/x', { maxProcesses: 0 })).toThrow('maxProcesses must be more than 0');
  expect(() => cgi('/x', { timeoutMs: Number.NaN })).toThrow('timeoutMs');
  expect(() => cgi('/x', { uid: -1 })).toThrow('uid');
});

/** Real programs under a real worker, over sockets. */
import type { Application } from '@highball/gateway-protocol';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { cgi } from '../src/index.ts';
import { bodyOf, isAlive, request, Scripts, serve, statusOf, TestClock, until } from './support.ts';

const PLAIN = "printf 'Content-Type: text/plain\\n\\n'";

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

describe('local redirects', () => {
  const script = (scripts: Scripts): Promise<string> =>
    scripts.sh('local', "printf 'Location: /other/p%%20q?x=y\\n\\n'");
  const site: Application = async (environ, start) => {
    start('200 OK', []);
    const body = await environ['wsgi.input'].read();
    const { REQUEST_METHOD, PATH_INFO, QUERY_STRING, RAW_URI, CONTENT_LENGTH } = environ;
    return [[REQUEST_METHOD, PATH_INFO, QUERY_STRING, RAW_URI, CONTENT_LENGTH, body.length].join(' ')];
  };

  test('are answered by the application of the options, without the body', async () => {
    await using scripts = await Scripts.make();
    await using server = await serve(cgi(await script(scripts), { localRedirect: site }));
    expect(bodyOf(await server.ask('POST /', 'body'))).toBe('GET /other/p q x=y /other/p%20q?x=y  0');
  });

  test('are 302 without one', async () => {
    await using scripts = await Scripts.make();
    await using server = await serve(cgi(await script(scripts)));
    const answer = await server.ask('GET /');
    expect(answer).toMatch(/^HTTP\/1\.1 302 Found\r\n[^]*Location: \/other\/p%20q\?x=y\r\n/);
  });

  test('end in 500 when there are too many', async () => {
    await using scripts = await Scripts.make();
    const loop: Application = cgi(await script(scripts), {
      localRedirect: (environ, start) => loop(environ, start),
      maxLocalRedirects: 3,
    });
    await using server = await serve(loop);
    expect(statusOf(await server.ask('GET /'))).toBe(500);
    expect(server.errors.text).toContain('REDIRECT_LOOP');
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

describe('bounds', () => {
  test('a program that hangs is ended with what it started: 504', async () => {
    await using scripts = await Scripts.make();
    const pids = join(scripts.path, 'pids');
    const script = await scripts.sh(
      'hang',
      `sleep 60 & echo $! > ${pids}`,
      `echo $$ >> ${pids}`,
      `mv ${pids} ${pids}.all`,
      'wait',
    );
    const clock = new TestClock();
    await using server = await serve(cgi(script, { timeoutMs: 5000, clock }));
    const client = await server.connect();
    client.send(request('GET /'));
    await until(() => existsSync(`${pids}.all`));
    clock.move(4999);
    expect(client.received).toBe('');
    clock.move(1);
    await client.closed;
    expect(statusOf(client.received)).toBe(504);
    const started = readFileSync(`${pids}.all`, 'utf8').trim().split('\n').map(Number);
    expect(started).toHaveLength(2);
    await until(() => !started.some(isAlive));
    await until(() => clock.pending === 0);
  });

  test('one that does not obey SIGTERM gets SIGKILL', async () => {
    await using scripts = await Scripts.make();
    const script = await scripts.sh(
      'stubborn',
      "trap '' TERM",
      PLAIN,
      'echo $$',
      'while :; do sleep 0.05; done',
    );
    const clock = new TestClock();
    await using server = await serve(cgi(script, { timeoutMs: 5000, killGraceMs: 700, clock }));
    const client = await server.connect();
    client.send(request('GET /'));
    const pid = Number(bodyOf(`${await client.until(/\r\n\r\n[0-9a-f]+\r\n\d+\n/)}\r\n0\r\n\r\n`));
    clock.move(5000);
    await client.closed;
    expect(client.received).not.toMatch(/0\r\n\r\n$/);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(isAlive(pid)).toBe(true);
    clock.move(700);
    await until(() => !isAlive(pid));
  });

  test('when the client leaves, the program is ended', async () => {
    await using scripts = await Scripts.make();
    const script = await scripts.sh('ticks', PLAIN, 'echo $$', 'while :; do sleep 60; done');
    await using server = await serve(cgi(script));
    const client = await server.connect();
    client.send('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    const pid = Number(bodyOf(`${await client.until(/\r\n\r\n[0-9a-f]+\r\n\d+\n/)}\r\n0\r\n\r\n`));
    expect(isAlive(pid)).toBe(true);
    client.destroy();
    await until(() => !isAlive(pid));
  });

  test('when the client leaves in the middle of its body, the program is ended', async () => {
    await using scripts = await Scripts.make();
    const file = join(scripts.path, 'pid');
    const script = await scripts.sh(
      'reads',
      `echo $$ > ${file}.part; mv ${file}.part ${file}`,
      'cat >/dev/null',
      PLAIN,
    );
    await using server = await serve(cgi(script));
    const client = await server.connect();
    client.send('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc');
    await until(() => existsSync(file));
    const pid = Number(readFileSync(file, 'utf8'));
    client.destroy();
    await until(() => !isAlive(pid));
  });

  test('what a program leaves running in its group is ended with it', async () => {
    await using scripts = await Scripts.make();
    const script = await scripts.sh('forks', PLAIN, 'sleep 60 & echo $!');
    await using server = await serve(cgi(script));
    const answer = await server.ask('GET /');
    const pid = Number(bodyOf(answer));
    expect(pid).toBeGreaterThan(1);
    await until(() => !isAlive(pid));
  });

  test('a flood to a client that does not read stays in the pipe', async () => {
    await using scripts = await Scripts.make();
    const { rss } = process.memoryUsage();
    const count = join(scripts.path, 'count');
    const script = await scripts.sh(
      'flood',
      PLAIN,
      `i=0; while :; do head -c 1048576 /dev/zero; i=$((i+1)); echo $i > ${count}; done`,
    );
    await using server = await serve(cgi(script));
    const client = await server.connect();
    client.socket.pause();
    client.send(request('GET /'));
    let before = -1;
    const written = (): number => (existsSync(count) ? Number(readFileSync(count, 'utf8')) : 0);
    await until(async () => {
      const now = written();
      const still = now === before && now > 0;
      before = now;
      await new Promise((resolve) => setTimeout(resolve, 200));
      return still;
    });
    // Megabytes: the kernel's buffers of both sockets and the pipe.
    expect(written()).toBeLessThan(32);
    expect(process.memoryUsage().rss - rss).toBeLessThan(64 * 1_048_576);
    client.destroy();
  });

  test('so many processes at a time, so many that wait; the rest is 503 with Retry-After', async () => {
    await using scripts = await Scripts.make();
    const go = join(scripts.path, 'go');
    const script = await scripts.sh('busy', PLAIN, `while [ ! -e ${go} ]; do sleep 0.02; done`, 'echo done');
    await using server = await serve(cgi(script, { maxProcesses: 2, maxQueue: 1, retryAfterSeconds: 7 }));
    const waiting = [server.ask('GET /1'), server.ask('GET /2'), server.ask('GET /3')];
    await until(() => server.worker.stats().active === 3);
    await new Promise((resolve) => setTimeout(resolve, 50));
    const refused = await server.ask('GET /4');
    expect(statusOf(refused)).toBe(503);
    expect(refused).toContain('\r\nRetry-After: 7\r\n');
    await scripts.write('go', '');
    expect((await Promise.all(waiting)).map(bodyOf)).toEqual(['done\n', 'done\n', 'done\n']);
  });

  test('never more processes at a time than allowed', async () => {
    await using scripts = await Scripts.make();
    const script = await scripts.sh(
      'count',
      PLAIN,
      `mkdir ${scripts.path}/run.$$`,
      `ls -d ${scripts.path}/run.* | wc -l`,
      'sleep 0.05',
      `rmdir ${scripts.path}/run.$$`,
    );
    await using server = await serve(cgi(script, { maxProcesses: 3 }));
    const counts = await Promise.all(
      Array.from({ length: 12 }, () => server.ask('GET /').then(bodyOf).then(Number)),
    );
    expect(Math.max(...counts)).toBeLessThanOrEqual(3);
    expect(Math.min(...counts)).toBeGreaterThan(0);
  });

  test('HEAD: the header only; the program ends in peace', async () => {
    await using scripts = await Scripts.make();
    const done = join(scripts.path, 'done');
    const script = await scripts.sh('head', PLAIN, 'head -c 300000 /dev/zero', `touch ${done}`);
    await using server = await serve(cgi(script));
    const answer = await server.ask('HEAD /');
    expect(answer).toContain('\r\nContent-Type: text/plain\r\n');
    expect(bodyOf(answer)).toBe('');
    await until(() => existsSync(done));
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

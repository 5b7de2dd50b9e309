import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  exchange,
  highball,
  missingPeers,
  type Program,
  Program as Child,
  RawClient,
  temporaryFolder,
} from '@highball/testkit';
import { describe, expect, test } from 'vitest';

const HELLO = `export const app = (environ, startResponse) => {
  if (environ.PATH_INFO === '/throw') throw new Error('the secret reason');
  if (environ.PATH_INFO === '/stray') setImmediate(() => { throw new Error('astray'); });
  startResponse('200 OK', [['Content-Type', 'text/plain']]);
  return [environ.PATH_INFO === '/pid' ? String(process.pid) : 'Hello ' + environ.PATH_INFO];
};`;

/** What is not loaded before a file is gone. */
const HELD = `import { existsSync } from 'node:fs';
while (existsSync('hold')) await new Promise((resolve) => setTimeout(resolve, 10));
`;

/** The port that a started server printed. */
async function portOf(server: Program): Promise<number> {
  return Number((await server.until(/serves http:\/\/[^:]+:(\d+)/))[1]);
}

function get(path: string, more = ''): string {
  return `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n${more}\r\n`;
}

async function folderWith(
  files: Record<string, string>,
): Promise<Awaited<ReturnType<typeof temporaryFolder>>> {
  const folder = await temporaryFolder();
  for (const [name, content] of Object.entries(files)) {
    await mkdir(join(folder.path, name, '..'), { recursive: true });
    await writeFile(join(folder.path, name), content);
  }
  return folder;
}

describe('highball serve', () => {
  test('answers, and prints the address and the processes', async () => {
    await using folder = await folderWith({ 'app.mjs': HELLO });
    await using server = highball(['serve', 'app.mjs:app', '-b', '127.0.0.1:0', '-w', '2'], {
      cwd: folder.path,
    });
    const answer = await exchange(await portOf(server), get('/a%20b'));
    expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(answer).toMatch(/\r\n\r\nHello \/a b$/);
    expect(server.stdout).toMatch(/master +\d+\n +front +workers \d+ \d+/);
  });

  test('listens on a Unix socket and removes it at the end', async () => {
    await using folder = await folderWith({ 'app.mjs': HELLO });
    await using server = highball(['serve', 'app.mjs', '--bind', 'unix:here.sock'], { cwd: folder.path });
    await server.until(/serves unix:/);
    expect(await exchange(join(folder.path, 'here.sock'), get('/'))).toContain('Hello /');
    server.signal('SIGTERM');
    expect(await server.exited).toBe(0);
    await expect(RawClient.connect(join(folder.path, 'here.sock'))).rejects.toThrow('ENOENT');
  });

  test('an application that throws gets 500 without its reason, a log line with it, and the worker lives on; an error outside any request has it replaced', async () => {
    await using folder = await folderWith({ 'app.mjs': `${HELD}${HELLO}` });
    await using server = highball(['serve', 'app.mjs', '-b', '127.0.0.1:0'], { cwd: folder.path });
    const port = await portOf(server);
    const hold = join(folder.path, 'hold');
    await writeFile(hold, '');
    const before = (await exchange(port, get('/pid'))).split('\r\n\r\n')[1];
    const answer = await exchange(port, get('/throw'));
    expect(answer).toMatch(/^HTTP\/1\.1 500 /);
    expect(answer).not.toContain('secret');
    await server.until(/the secret reason[^]*app\.mjs/);
    const pid = async (): Promise<string | undefined> =>
      (await exchange(port, get('/pid'))).split('\r\n\r\n')[1];
    expect(await pid()).toBe(before);
    await exchange(port, get('/stray'));
    await server.until(/astray/);
    // Replaced and not ended: the requests of the meantime are answered.
    expect(await pid()).toBe(before);
    await rm(hold);
    await server.until(/exited with code 0/);
    expect(await pid()).not.toBe(before);
  });

  test('a malformed request gets 400 and the connection closes', async () => {
    await using folder = await folderWith({ 'app.mjs': HELLO });
    await using server = highball(['serve', 'app.mjs', '-b', '127.0.0.1:0'], { cwd: folder.path });
    const port = await portOf(server);
    for (const nonsense of [
      'nonsense\r\n\r\n',
      'GET / HTTP/1.1\r\n\r\n',
      'GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n',
    ]) {
      expect(await exchange(port, nonsense)).toMatch(/^HTTP\/1\.1 400 /);
    }
    expect(await exchange(port, get('/'))).toContain('Hello');
  });

  test('each line of a JSON log is one object, under the pid of who wrote it', async () => {
    await using folder = await folderWith({ 'app.mjs': HELLO });
    await using server = highball(['serve', 'app.mjs', '-b', '127.0.0.1:0', '--log-format', 'json'], {
      cwd: folder.path,
    });
    await exchange(await portOf(server), get('/throw'));
    await server.stop();
    const lines = server.stderr
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    const failure = lines.find(({ msg }) => msg === 'the application failed');
    expect(failure).toMatchObject({
      process: 'front worker 1',
      err: { message: 'the secret reason' },
      path: '/throw',
    });
    const exit = lines.find(({ workerPid }) => workerPid !== undefined);
    expect(exit).toMatchObject({ process: 'master', pid: server.pid, workerPid: failure?.['pid'] });
    expect(server.stderr).not.toMatch(/"pid":\d+.*"pid":/);
  });

  test('a worker killed with SIGKILL is replaced', async () => {
    await using folder = await folderWith({ 'app.mjs': HELLO });
    await using server = highball(['serve', 'app.mjs', '-b', '127.0.0.1:0', '-w', '1'], { cwd: folder.path });
    const port = await portOf(server);
    const pid = async (): Promise<number> => Number((await exchange(port, get('/pid'))).split('\r\n\r\n')[1]);
    const first = await pid();
    process.kill(first, 'SIGKILL');
    const second = await pid();
    expect(second).toBeGreaterThan(0);
    expect(second).not.toBe(first);
  });

  test('workers killed under load are replaced, and only their own requests fail', async () => {
    await using folder = await folderWith({ 'app.mjs': HELLO });
    await using server = highball(['serve', 'app.mjs', '-b', '127.0.0.1:0', '-w', '2'], { cwd: folder.path });
    const port = await portOf(server);
    const first = [...server.stdout.matchAll(/front +workers (\d+) (\d+)/g)].flatMap(([, ...pids]) =>
      pids.map(Number),
    );
    const load = { running: true, answered: 0, failed: 0, pids: new Set<number>() };
    const clients = Array.from({ length: 8 }, async () => {
      while (load.running) {
        const pid = Number((await exchange(port, get('/pid')).catch(() => '')).split('\r\n\r\n')[1]);
        if (pid > 0) load.pids.add(pid);
        load[pid > 0 ? 'answered' : 'failed']++;
      }
    });
    const replacements = (): number[] => [...load.pids].filter((pid) => !first.includes(pid));
    for (const pid of first) {
      process.kill(pid, 'SIGKILL');
      // The next one only when this one's replacement has answered: there is load through all of it.
      const killed = first.indexOf(pid) + 1;
      await expect.poll(() => replacements().length).toBe(killed);
    }
    await expect.poll(() => load.answered).toBeGreaterThan(100);
    load.running = false;
    await Promise.all(clients);
    // At the most what each of the two had in hand, one request a client.
    expect(load.failed).toBeLessThanOrEqual(16);
  });

  test('TERM lets a request finish, and the exit code is 0', async () => {
    await using folder = await folderWith({
      'app.mjs': `export default async (environ, startResponse) => {
        console.log('begun');
        for await (const _ of environ['wsgi.input']);
        startResponse('200 OK', []);
        return ['finished'];
      };`,
    });
    await using server = highball(['serve', 'app.mjs', '-b', '127.0.0.1:0', '--log-level', 'debug'], {
      cwd: folder.path,
    });
    const client = await RawClient.connect(await portOf(server));
    client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nab');
    await server.until(/begun/);
    server.signal('SIGTERM');
    await server.until(/draining/);
    client.send('cd');
    await client.until('finished');
    expect(client.received).toMatch(/^HTTP\/1\.1 200 OK\r\n[^]*Connection: close/);
    await client.closed;
    expect(await server.exited).toBe(0);
  });

  test('HUP loads new code', async () => {
    const version = (text: string): string =>
      `export default (e, start) => (start('200 OK', []), ['${text}']);`;
    await using folder = await folderWith({ 'app.mjs': version('old') });
    await using server = highball(['serve', 'app.mjs', '-b', '127.0.0.1:0'], { cwd: folder.path });
    const port = await portOf(server);
    expect(await exchange(port, get('/'))).toMatch(/old$/);
    await writeFile(join(folder.path, 'app.mjs'), version('new'));
    server.signal('SIGHUP');
    await expect.poll(() => exchange(port, get('/'))).toMatch(/new$/);
    await writeFile(join(folder.path, 'app.mjs'), 'broken(');
    server.signal('SIGHUP');
    await server.until(/the old workers stay/);
    expect(await exchange(port, get('/'))).toMatch(/new$/);
  });

  test('ps shows the master and its workers by name', async (context) => {
    context.skip(missingPeers('ps') !== undefined, missingPeers('ps'));
    await using folder = await folderWith({ 'app.mjs': HELLO });
    await using server = highball(['serve', 'app.mjs', '-b', '127.0.0.1:0', '-w', '2'], { cwd: folder.path });
    await portOf(server);
    const ps = new Child('ps', ['-o', 'args=', '--pid', String(server.pid), '--ppid', String(server.pid)]);
    await ps.exited;
    expect(ps.stdout).toMatch(/^highball.*master/m);
    expect(ps.stdout.match(/^highball.*worker [12]/gm)).toHaveLength(2);
  });
});

describe('highball static', () => {
  test('serves a file with validators, and 304', async () => {
    await using folder = await folderWith({ 'public/a.css': 'body{}', 'public/index.html': '<p>hi' });
    await using server = highball(['static', 'public', '-b', '127.0.0.1:0', '-w', '1', '--max-age', '60'], {
      cwd: folder.path,
    });
    const port = await portOf(server);
    const answer = await exchange(port, get('/a.css'));
    expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n[^]*\r\n\r\nbody\{\}$/);
    expect(answer).toMatch(/Cache-Control: [^\r]*max-age=60/i);
    const etag = /ETag: ("[^"]+")/i.exec(answer)?.[1];
    expect(await exchange(port, get('/a.css', `If-None-Match: ${etag}\r\n`))).toMatch(/^HTTP\/1\.1 304 /);
    expect(await exchange(port, get('/'))).toContain('<p>hi');
    expect(await exchange(port, get('/../app.mjs'))).toMatch(/^HTTP\/1\.1 4/);
  });
});

describe('highball proxy', () => {
  const who = (name: string): string => `export default (e, start) => (start('200 OK', []), ['${name}']);`;

  test('balances over servers, and never tells their addresses', async () => {
    await using folder = await folderWith({ 'one.mjs': who('one'), 'two.mjs': who('two') });
    await using one = highball(['serve', 'one.mjs', '-b', '127.0.0.1:0'], { cwd: folder.path });
    await using two = highball(['serve', 'two.mjs', '-b', 'unix:two.sock'], { cwd: folder.path });
    await two.until(/serves/);
    const port = await portOf(one);
    await using proxy = highball(
      ['proxy', `http://127.0.0.1:${port}`, `unix:${folder.path}/two.sock`, '-b', '127.0.0.1:0', '-w', '1'],
      { cwd: folder.path },
    );
    const front = await portOf(proxy);
    const answers = await Promise.all(Array.from({ length: 4 }, () => exchange(front, get('/'))));
    expect(answers.filter((answer) => answer.endsWith('one'))).toHaveLength(2);
    expect(answers.filter((answer) => answer.endsWith('two'))).toHaveLength(2);
    expect(answers.join('')).not.toContain(String(port));
  });

  test('an upstream that cannot be reached is 502', async () => {
    await using proxy = highball(['proxy', 'unix:/nonexistent/x.sock', '-b', '127.0.0.1:0', '-w', '1']);
    const answer = await exchange(await portOf(proxy), get('/'));
    expect(answer).toMatch(/^HTTP\/1\.1 502 /);
    expect(answer).not.toContain('nonexistent');
  });
});

describe('highball run', () => {
  test('composes files, redirects, rewrites and applications behind a balancer', async () => {
    await using folder = await folderWith({
      'public/a.txt': 'a file',
      'app.mjs': `export default (e, start) => (start('200 OK', []), [e['highball.pool'] + ' ' + e.RAW_URI]);`,
      'highball.config.mjs': `export default {
        bind: ['127.0.0.1:0'],
        workers: 1,
        upstreams: { site: { app: './app.mjs', instances: 2 } },
        routes: [
          { path: '/static/*file', static: './public', prefix: '/static' },
          { path: '/old/:page', redirect: '/pages/{page}', status: 301 },
          { path: /^\\/clean\\/(?<id>\\d+)$/, rewrite: '/page?id={id}', proxy: 'site' },
          { proxy: 'site' },
        ],
        startMessage: 'Try {address}/clean/1',
      };`,
    });
    await using server = highball(['run'], { cwd: folder.path });
    const port = await portOf(server);
    await server.until(new RegExp(`Try http://127.0.0.1:${port}/clean/1`));
    expect(await exchange(port, get('/static/a.txt'))).toMatch(/a file$/);
    expect(await exchange(port, get('/old/x'))).toMatch(/^HTTP\/1\.1 301 [^]*Location: \/pages\/x\r\n/);
    const pools = new Set<string>();
    for (let i = 0; i < 4; i++) {
      const [, pool = '', uri] = /(site-\d) (\S+)$/.exec(await exchange(port, get('/clean/7'))) ?? [];
      expect(uri).toBe('/page?id=7');
      pools.add(pool);
    }
    expect([...pools].toSorted()).toEqual(['site-1', 'site-2']);
  });
});

test('the client of a proxy in front is known to the applications behind, whomever the front trusts', async () => {
  await using folder = await folderWith({
    'app.mjs': `export default (e, start) => (start('200 OK', []), [e.REMOTE_ADDR]);`,
    'highball.config.mjs': `export default {
      bind: ['127.0.0.1:0'],
      workers: 1,
      proxyProtocol: 'v1',
      forwardedAllowIps: ['10.9.9.9'],
      upstreams: { site: { app: './app.mjs' } },
      routes: [{ proxy: 'site' }],
    };`,
  });
  await using server = highball(['run'], { cwd: folder.path });
  const answer = await exchange(
    await portOf(server),
    `PROXY TCP4 203.0.113.7 192.0.2.2 4711 443\r\n${get('/')}`,
  );
  expect(answer).toMatch(/\r\n\r\n203\.0\.113\.7$/);
});

describe('a mistake at the command line is one line, and the exit code is not zero', () => {
  test.each([
    [[], 1, /Usage/],
    [['serv', 'x'], 1, /unknown command 'serv'/],
    [['serve'], 1, /missing required argument 'module'/],
    [['serve', 'gone.mjs'], 4, /no module 'gone\.mjs' in .*MODULE\[:EXPORT\]/],
    [['serve', 'app.mjs:main'], 4, /exports no 'main'; it exports 'app'/],
    [['serve', 'broken.mjs'], 4, /cannot load .*broken\.mjs: no database/],
    [['serve', 'app.mjs', '--workers', 'abc'], 1, /--workers: workers must be a whole number/],
    [['serve', 'app.mjs', '--wrokers', '2'], 1, /unknown option '--wrokers'.*--workers/],
    [['serve', 'app.mjs', '-b', '127.0.0.1:99999'], 3, /99999/],
    [['static', 'gone'], 1, /'gone' is no folder/],
    [['proxy', 'ftp://a'], 1, /ftp:\/\/a/],
    [
      ['proxy', 'http://127.0.0.1:1', '--balance', 'dice'],
      1,
      /--balance.*'dice'.*round-robin, least-connections, ip-hash, .*least-load/,
    ],
    [['run'], 1, /no highball\.config\.ts in .*-c FILE/],
    [['run', '-c', 'gone.ts'], 1, /no configuration 'gone\.ts'/],
  ])('highball %j exits with %d', async (args, exitCode, message) => {
    await using folder = await folderWith({
      'app.mjs': HELLO,
      'broken.mjs': "throw new Error('no database');",
    });
    const program = highball(args, { cwd: folder.path });
    expect(await program.exited).toBe(exitCode);
    expect(program.stderr).toMatch(message);
    if (args.length > 0) expect(program.stderr.trimEnd().split('\n')).toHaveLength(1);
    expect(program.stderr).not.toMatch(/^\s+at /m);
  });

  test('without a command the help is shown, and nothing else', async () => {
    const program = highball([]);
    expect(await program.exited).toBe(1);
    expect(program.stderr).toMatch(/^Usage: highball [^]*and shows errors\n$/);
  });

  test('a port in use', async () => {
    await using folder = await folderWith({ 'app.mjs': HELLO });
    await using first = highball(['serve', 'app.mjs', '-b', '127.0.0.1:0'], { cwd: folder.path });
    const port = await portOf(first);
    const second = highball(['serve', 'app.mjs', '-b', `127.0.0.1:${port}`], { cwd: folder.path });
    expect(await second.exited).toBe(3);
    expect(second.stderr).toMatch(new RegExp(`^highball: 127\\.0\\.0\\.1:${port} is in use;.*\n$`));
  });
});

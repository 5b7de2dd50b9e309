import { exchange, findPeer, makeCertificate, missingPeers, type TestCertificate } from '@highball/testkit';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, chmodSync, cpSync, readFileSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { join } from 'node:path';
import { connect, type ConnectionOptions } from 'node:tls';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Site } from '../started.ts';

const run = promisify(execFile);

/** Says how it was asked. */
const TELL = `
export const app = (environ, startResponse) => {
  startResponse('200 OK', [['Content-Type', 'application/json']]);
  const ssl = Object.entries(environ).filter(([key]) => key.startsWith('SSL_') || key === 'HTTPS');
  return [JSON.stringify({ pid: process.pid, uid: process.getuid(), protocol: environ.SERVER_PROTOCOL,
    scheme: environ['wsgi.url_scheme'], ...Object.fromEntries(ssl) })];
};`;

interface Told {
  pid: number;
  uid: number;
  protocol: string;
  scheme: string;
  SSL_SESSION_RESUMED?: string;
}

let authority: TestCertificate;
let files: Site;
beforeAll(async () => {
  files = await Site.make();
  authority = makeCertificate(files.path, 'authority', { names: [] });
});
afterAll(() => files[Symbol.asyncDispose]());

/** A site with a certificate for `localhost`, in site.pem and site.key. */
async function makeSite(more: Record<string, string> = {}): Promise<Site> {
  const site = await Site.make({ 'app.mjs': TELL, ...more });
  renew(site, 'first');
  return site;
}

/** Puts another certificate in the place of the one that is there. */
function renew(site: Site, subject: string): void {
  const made = makeCertificate(site.path, subject, { issuer: authority, names: ['localhost', 'a.example'] });
  cpSync(made.certfile, join(site.path, 'site.pem'));
  cpSync(made.keyfile, join(site.path, 'site.key'));
  chmodSync(join(site.path, 'site.key'), 0o600);
}

/** Puts something behind the certificate that cannot vouch for it. */
function breakChain(site: Site): void {
  const nothing = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n';
  appendFileSync(join(site.path, 'site.pem'), nothing);
}

const WITH = ['--certfile', 'site.pem', '--keyfile', 'site.key'];

async function ask(
  port: number,
  options: ConnectionOptions = {},
): Promise<{ told: Told; subject: string; session: Buffer }> {
  const socket = connect({
    port,
    host: '127.0.0.1',
    servername: 'localhost',
    ca: authority.cert,
    ...options,
  });
  let session: Buffer | undefined;
  let text = '';
  socket
    .on('session', (each: Buffer) => (session ??= each))
    .on('data', (piece: Buffer) => (text += piece.toString()));
  await once(socket, 'secureConnect');
  const subject = socket.getPeerX509Certificate()?.subject ?? '';
  socket.write('GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
  await once(socket, 'end');
  socket.destroy();
  return { told: JSON.parse(text.split('\r\n\r\n')[1] ?? '') as Told, subject, session: session as Buffer };
}

test('with a certificate TCP addresses speak TLS, those with http:// and Unix sockets do not', async () => {
  await using site = await makeSite();
  const { program, port } = await site.serve([
    ...WITH,
    '-b',
    'http://127.0.0.1:0',
    '-b',
    `unix:${site.path}/sock`,
  ]);
  const [, plain] = await program.until(
    /serves https:\/\/127\.0\.0\.1:\d+ and http:\/\/127\.0\.0\.1:(\d+) and unix:/,
  );
  expect((await ask(port)).told.scheme).toBe('https');
  const get = 'GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n';
  expect(await exchange(Number(plain), get)).toContain('"scheme":"http"');
  expect(await exchange(join(site.path, 'sock'), get)).toContain('"scheme":"http"');
  expect(await exchange(port, get)).toContain('400 Bad Request: plain HTTP was sent to an HTTPS port');
});

test('each worker has the same ticket keys: sessions go on wherever a connection ends up', async () => {
  await using site = await makeSite();
  const { port } = await site.serve([...WITH, '-w', '3', '--reuse-port']);
  const { session, told } = await ask(port);
  const pids = new Set([told.pid]);
  for (let tries = 0; pids.size < 3 && tries < 200; tries++) {
    const again = await ask(port, { session });
    expect(again.told.SSL_SESSION_RESUMED).toBe('Resumed');
    pids.add(again.told.pid);
  }
  expect(pids.size).toBe(3);
});

describe('a reload', () => {
  test('brings another certificate, and no request of a connection is lost', async () => {
    await using site = await makeSite();
    const { program, port } = await site.serve([...WITH, '-w', '2']);
    expect((await ask(port)).subject).toBe('CN=first');
    const failures: unknown[] = [];
    const enough = new AbortController();
    let answered = 0;
    const load = Array.from({ length: 4 }, async () => {
      while (!enough.signal.aborted) {
        await new Promise<void>((resolve) => {
          const sent = request(`https://localhost:${port}/`, { ca: authority.cert, family: 4 }, (answer) => {
            answer.resume().on('end', () => (answered++, resolve()));
          });
          sent.on('error', (error) => (failures.push(error), resolve())).end();
        });
      }
    });
    renew(site, 'second');
    program.signal('SIGHUP');
    await expect.poll(async () => (await ask(port)).subject, { timeout: 30_000 }).toBe('CN=second');
    const before = answered;
    await expect.poll(() => answered).toBeGreaterThan(before + 20);
    enough.abort();
    await Promise.all(load);
    expect(failures).toEqual([]);
  });

  test('with a broken one leaves the old one in force, and says why', async () => {
    await using site = await makeSite();
    const { program, port } = await site.serve(WITH);
    const { pid } = (await ask(port)).told;
    await site.write('site.pem', 'broken');
    program.signal('SIGHUP');
    await program.until(/the reload is given up.*certfile 'site.pem' holds no certificate in PEM/);
    renew(site, 'second');
    breakChain(site);
    program.signal('SIGHUP');
    await program.until(/the reload is given up.*certfile 'site.pem' cannot be used/);
    const { told, subject } = await ask(port);
    expect([told.pid, subject]).toEqual([pid, 'CN=first']);
    // A worker that comes after one that has died is started from what is in force, too.
    process.kill(pid, 'SIGKILL');
    await expect.poll(async () => (await ask(port)).subject).toBe('CN=first');
  });

  test.skipIf(process.getuid?.() !== 0)(
    'works for workers that could not read the key themselves',
    async () => {
      await using site = await makeSite();
      chmodSync(site.path, 0o755);
      const { program, port } = await site.serve([...WITH, '-u', 'nobody']);
      expect((await ask(port)).told.uid).not.toBe(0);
      renew(site, 'second');
      program.signal('SIGHUP');
      await expect.poll(async () => (await ask(port)).subject, { timeout: 30_000 }).toBe('CN=second');
      expect((await ask(port)).told.uid).not.toBe(0);
    },
  );
});

test('a new master takes the sockets over, and speaks TLS on them', async () => {
  await using site = await makeSite();
  const { program, port } = await site.serve(WITH);
  const before = (await ask(port)).told.pid;
  renew(site, 'second');
  const left = once(program.child, 'exit');
  await site.ctl('upgrade');
  await left;
  const { told, subject } = await ask(port);
  expect([subject, told.scheme]).toEqual(['CN=second', 'https']);
  expect(told.pid).not.toBe(before);
  await site.ctl('stop');
});

test('the key is in no environment, no command line, no status and no log', async () => {
  await using site = await makeSite();
  const { program, port } = await site.serve([...WITH, '--log-level', 'debug']);
  const { pid } = (await ask(port)).told;
  const secret = readFileSync(join(site.path, 'site.key'), 'utf8').split('\n')[1] as string;
  const places = [program.pid, pid].flatMap((each) => [`/proc/${each}/environ`, `/proc/${each}/cmdline`]);
  const texts = [...places.map((path) => readFileSync(path, 'latin1')), JSON.stringify(await site.status())];
  const printed = site.run(['serve', 'app.mjs', ...WITH, '--print-config']);
  await printed.exited;
  for (const text of [...texts, printed.output, program.output]) expect(text).not.toContain(secret);
  expect(printed.output).toMatch(/certfile +"site.pem" +--certfile/);
});

describe('several certificates of the configuration', () => {
  test('are chosen by name; the first is for the rest', async () => {
    await using site = await makeSite({
      'highball.config.mjs': `export default {
        certificates: [{ certfile: 'site.pem', keyfile: 'site.key' }, { certfile: 'b.cert.pem', keyfile: 'b.key.pem' }],
        routes: [{ app: 'app.mjs' }],
      };`,
    });
    makeCertificate(site.path, 'b', { issuer: authority, names: ['b.example'] });
    const { port } = await site.runConfig();
    const subjects = ['a.example', 'b.example', 'localhost'].map(
      async (servername) => (await ask(port, { servername, checkServerIdentity: () => undefined })).subject,
    );
    expect(await Promise.all(subjects)).toEqual(['CN=first', 'CN=b', 'CN=first']);
  });
});

describe('before anything is bound', () => {
  const refused = async (args: string[], change?: (site: Site) => void): Promise<string> => {
    await using site = await makeSite();
    change?.(site);
    const program = site.run(['serve', 'app.mjs', '-b', '127.0.0.1:0', ...args]);
    expect(await program.exited).toBe(1);
    expect(program.stderr).toMatch(/^highball: [^\n]+\n$/);
    return program.stderr;
  };

  test.each([
    [
      'an address with https:// and no certificate',
      ['-b', 'https://127.0.0.1:0'],
      'https://127.0.0.1:0 needs a certificate',
    ],
    ['a file that is not there', ['--certfile', 'none.pem'], "certfile 'none.pem' is not there"],
    ['a key without a certificate', ['--keyfile', 'site.key'], '--keyfile does nothing without --certfile'],
    [
      'clients that nobody vouches for',
      [...WITH, '--cert-reqs', '2'],
      '--cert-reqs required needs --ca-certs',
    ],
    [
      'authorities of nobody',
      [...WITH, '--ca-certs', 'site.pem'],
      '--ca-certs does nothing without --cert-reqs',
    ],
    [
      'clients that are asked on plain connections',
      ['--cert-reqs', '1'],
      '--cert-reqs optional does nothing without',
    ],
    [
      'ciphers that there are not',
      [...WITH, '--ciphers', 'ROT13'],
      "--ciphers 'ROT13' names none that OpenSSL has",
    ],
    ['uwsgi', [...WITH, '--protocol', 'uwsgi'], '--certfile does not go with --protocol uwsgi'],
  ])('%s', async (_, args, message) => {
    expect(await refused(args)).toContain(message);
  });

  test('a key of another certificate', async () => {
    const swap = (site: Site): void => writeFileSync(join(site.path, 'site.key'), authority.key);
    expect(await refused(WITH, swap)).toContain("keyfile 'site.key' is not the key of certfile 'site.pem'");
  });

  test('what only OpenSSL sees: a chain that is broken behind the certificate', async () => {
    const message = "certfile 'site.pem' cannot be used: ";
    expect(await refused(WITH, breakChain)).toContain(message);
    expect(await refused([...WITH, '--check-config'], breakChain)).toContain(message);
  });

  test('and by --check-config', async () => {
    expect(await refused(['--certfile', 'none.pem', '--check-config'])).toContain(
      "certfile 'none.pem' is not there",
    );
  });
});

describe.skipIf(missingPeers('curl') !== undefined)('curl (needs curl)', () => {
  const curl = async (port: number, ...args: string[]): Promise<string> => {
    const to = [
      '--cacert',
      authority.certfile,
      '--resolve',
      `localhost:${port}:127.0.0.1`,
      `https://localhost:${port}/`,
    ];
    return (await run(findPeer('curl') as string, ['-sS', ...args, ...to])).stdout;
  };

  test('speaks HTTP/2 with it, or 1.1 as it likes', async () => {
    await using site = await makeSite();
    const { port } = await site.serve(WITH);
    expect(await curl(port)).toContain('"protocol":"HTTP/2"');
    expect(await curl(port, '--http1.1')).toContain('"protocol":"HTTP/1.1"');
  });

  test('and not HTTP/2 where that is switched off', async () => {
    await using site = await makeSite();
    const { port } = await site.serve([...WITH, '--no-http2']);
    expect(await curl(port)).toContain('"protocol":"HTTP/1.1"');
  });
});

describe.each([
  ['static', ['static', '.'], '/app.mjs'],
  ['proxy', ['proxy', 'http://127.0.0.1:1'], '/'],
])('highball %s', (_, command, path) => {
  test('takes a certificate, too', async () => {
    await using site = await makeSite();
    const program = site.run([...command, '-b', '127.0.0.1:0', '-w', '1', ...WITH]);
    const [, port] = await program.until(/serves https:\/\/[^:]+:(\d+)/);
    const socket = connect({
      port: Number(port),
      host: '127.0.0.1',
      servername: 'localhost',
      ca: authority.cert,
    });
    // Not its end as well: a client that leaves before there is an answer is told nothing of the one behind.
    socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
    const [answer] = (await once(socket, 'data')) as [Buffer];
    // Behind the proxy there is nobody.
    expect(answer.toString()).toMatch(/^HTTP\/1\.1 (?:200|502) /);
    socket.destroy();
  });
});

describe.skipIf(missingPeers('chromium') !== undefined)('Chromium (needs chromium)', () => {
  test('opens a page by HTTP/2', async () => {
    await using site = await makeSite();
    const { port } = await site.serve(WITH);
    const flags =
      '--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --ignore-certificate-errors';
    const quiet = '--disable-background-networking --disable-component-update --disable-sync';
    const profile = `--user-data-dir=${site.path}/profile`;
    const args = [...`${flags} ${quiet}`.split(' '), profile, '--dump-dom', `https://localhost:${port}/`];
    const { stdout } = await run(findPeer('chromium') as string, args, { timeout: 40_000 });
    expect(stdout).toContain('"protocol":"HTTP/2"');
  });
});

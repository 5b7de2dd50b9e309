import { chmod, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Program } from '@highball/testkit';
import { describe, expect, test, vi } from 'vitest';
import { end, Site, who } from '../started.ts';

const NOBODY = 65_534;

describe('the pidfile', () => {
  test('is refused while its process lives, and goes at the end', async () => {
    await using site = await Site.make();
    const { program } = await site.serve(['-p', 'app.pid']);
    const file = join(site.path, 'app.pid');
    expect(await readFile(file, 'utf8')).toBe(`${program.pid}\n`);
    const second = site.run(['serve', 'app.mjs', '-b', '127.0.0.1:0', '-p', 'app.pid']);
    expect(await second.exited).toBe(1);
    expect(second.stderr).toMatch(
      /^highball: \S+app\.pid belongs to the running process \d+; stop that,[^\n]*\n$/,
    );
    expect(await readFile(file, 'utf8')).toBe(`${program.pid}\n`);
    await program.stop();
    await expect(stat(file)).rejects.toThrow('ENOENT');
  });

  test('of a start that fails is removed', async () => {
    await using site = await Site.make({ 'app.mjs': 'throw new Error("no database");' });
    const program = site.run(['serve', 'app.mjs', '-b', '127.0.0.1:0', '-p', 'app.pid']);
    expect(await program.exited).toBe(4);
    await expect(stat(join(site.path, 'app.pid'))).rejects.toThrow('ENOENT');
  });
});

describe('in the background', () => {
  test('the command returns when the server serves, with its report', async () => {
    await using site = await Site.make();
    const args = '-b 127.0.0.1:0 -D -p app.pid --control-socket control --error-log error.log';
    const command = site.run(['serve', 'app.mjs', ...args.split(' ')]);
    expect(await command.exited, command.output).toBe(0);
    const port = Number(/serves http:\/\/[^:]+:(\d+)/.exec(command.stdout)?.[1]);
    const pid = Number(await readFile(join(site.path, 'app.pid'), 'utf8'));
    try {
      expect(command.stdout).toMatch(new RegExp(`master +${pid}\n`));
      expect((await who(port)).master).toBe(pid);
      const fields = await readFile(`/proc/${pid}/stat`, 'latin1');
      const [, , , session] = fields.slice(fields.lastIndexOf(')') + 2).split(' ');
      expect(Number(session)).toBe(pid);
      // The new master of an upgrade is where the old one was: it does not go into the background anew.
      const control = await site.control();
      const upgraded = await control.call('upgrade');
      await expect.poll(() => site.status().catch(() => undefined)).toMatchObject({ pid: upgraded.pid });
      expect((await who(port)).master).toBe(upgraded.pid);
      expect(await readFile(join(site.path, 'app.pid'), 'utf8')).toBe(`${upgraded.pid}\n`);
    } finally {
      await end(Number(await readFile(join(site.path, 'app.pid'), 'utf8')));
    }
    expect(await readFile(join(site.path, 'error.log'), 'utf8')).toMatch(/SIGTERM: finishing the requests/);
  });

  test('a start that fails is one line and the exit code of its reason', async () => {
    await using site = await Site.make({ 'broken.mjs': 'throw new Error("no database");' });
    const broken = site.run(['serve', 'broken.mjs', '-b', '127.0.0.1:0', '-D']);
    expect(await broken.exited).toBe(4);
    expect(broken.stderr).toMatch(/^highball: [^\n]*broken\.mjs: no database\n$/);
    const { port } = await site.serve();
    const used = site.run(['serve', 'app.mjs', '-b', `127.0.0.1:${port}`, '-D']);
    expect(await used.exited).toBe(3);
    expect(used.stderr).toMatch(/^highball: 127\.0\.0\.1:\d+ is in use/);
    const user = site.run(['serve', 'app.mjs', '-b', '127.0.0.1:0', '-D', '-u', 'nobody-there']);
    expect(await user.exited).toBe(1);
    expect(user.stderr).toMatch(/^highball: there is no user 'nobody-there'[^\n]*\n$/);
  });
});

test('USR2 starts a second master beside the first; TERM to it leaves the first in service', async () => {
  const config = `export default {
    bind: ['127.0.0.1:0'], workers: 1, pid: 'app.pid', controlSocket: 'control',
    upstreams: { behind: { app: './app.mjs' } }, routes: [{ proxy: 'behind' }],
  };`;
  await using site = await Site.make({ 'highball.config.ts': config });
  const program = site.run(['run']);
  const port = Number((await program.until(/serves http:\/\/[^:]+:(\d+)/))[1]);
  program.signal('SIGUSR2');
  await expect.poll(() => readPid('app.pid.2')).toBeGreaterThan(0);
  const second = await readPid('app.pid.2');
  await expect.poll(async () => (await site.status()).successorPid).toBe(second);
  const control = await connected(`${site.socket}.2`);
  expect(await control.call('status')).toMatchObject({ pid: second, predecessorPid: program.pid });
  // A second upgrade beside the first is refused.
  await expect(control.call('upgrade')).rejects.toThrow(
    `the old master (pid ${program.pid}) has not left yet`,
  );
  await end(second);
  expect((await who(port)).path).toBe('/');
  expect(await site.status()).toMatchObject({ pid: program.pid, successorPid: null });
  expect((await readdir(site.path)).toSorted()).toEqual([
    'app.mjs',
    'app.pid',
    'control',
    'highball.config.ts',
  ]);

  async function readPid(name: string): Promise<number> {
    return Number(await readFile(join(site.path, name), 'utf8').catch(() => '0'));
  }

  /** The socket is there a moment after the workers serve. */
  function connected(path: string): ReturnType<typeof site.control> {
    return vi.waitFor(() => site.control(path), { timeout: 30_000 });
  }
});

describe('the surroundings', () => {
  test('folder, environment, mask, name and mount point are what the settings say', async () => {
    await using site = await Site.make({ 'site/app.mjs': '' });
    await site.write('site/app.mjs', await readFile(join(site.path, 'app.mjs'), 'utf8'));
    const { port, program } = await site.serve(
      [
        '--chdir',
        'site',
        '-e',
        'WORD=a,b=c',
        '-m',
        '077',
        '-n',
        'shop',
        '--root-path',
        '/shop',
        '-p',
        'app.pid',
      ],
      { WORD: 'other' },
    );
    expect(await who(port, '/shop/cart')).toMatchObject({
      cwd: join(site.path, 'site'),
      word: 'a,b=c',
      root: '/shop',
      path: '/cart',
    });
    expect((await stat(join(site.path, 'site/app.pid'))).mode & 0o777).toBe(0o600);
    expect(await readFile(`/proc/${program.pid}/cmdline`, 'latin1')).toMatch(/^shop: master/);
  });

  test.skipIf(process.getuid?.() !== 0)(
    'workers become the user, and their socket and log belong to it',
    async () => {
      await using site = await Site.make();
      await chmod(site.path, 0o755);
      const socket = join(site.path, 'app.sock');
      const args = `-b unix:${socket} -u nobody --error-log error.log --control-socket control`;
      const program = site.run(['serve', 'app.mjs', ...args.split(' ')]);
      await program.until(/serves/);
      const answer = await who(socket);
      expect(answer).toMatchObject({ uid: NOBODY, gid: NOBODY });
      expect(answer.groups).not.toContain(0);
      for (const name of ['app.sock', 'error.log']) {
        const { uid, gid } = await stat(join(site.path, name));
        expect([name, uid, gid]).toEqual([name, NOBODY, NOBODY]);
      }
      // The master keeps its rights, and the control socket is its own.
      expect((await stat(site.socket)).uid).toBe(0);
      expect(await readFile(`/proc/${program.pid}/status`, 'utf8')).toMatch(/^Uid:\t0\t/m);
    },
  );

  test('a user that does not exist, and a folder that is not there', async () => {
    await using site = await Site.make();
    const user = site.run(['serve', 'app.mjs', '-b', '127.0.0.1:0', '-u', 'nobody-there']);
    expect(await user.exited).toBe(1);
    expect(user.stderr).toMatch(/^highball: there is no user 'nobody-there'/);
    const folder = site.run(['serve', 'app.mjs', '--chdir', 'gone']);
    expect(await folder.exited).toBe(1);
    expect(folder.stderr).toBe('highball: cannot change to the folder gone: ENOENT\n');
  });
});

describe('systemd', () => {
  test('hears of start, reload and stop, and its sockets are listened on', async () => {
    await using site = await Site.make();
    const heard = join(site.path, 'heard');
    await site.write('bin/systemd-notify', `#!/bin/sh\necho "$@" >> ${heard}\n`);
    await chmod(join(site.path, 'bin/systemd-notify'), 0o755);
    const socket = join(site.path, 'app.sock');
    // A launcher as systemd is one: it binds, and becomes the server with the socket as descriptor 3.
    const launcher = `
import os, socket, sys
s = socket.socket(socket.AF_UNIX); s.bind(sys.argv[1]); s.listen(16)
os.dup2(s.fileno(), 3); os.set_inheritable(3, True)
os.environ.update(LISTEN_FDS='1', LISTEN_PID=str(os.getpid()), NOTIFY_SOCKET='/run/nowhere', WATCHDOG_USEC='2000000')
os.execv(sys.argv[2], sys.argv[2:])`;
    const highballBin = join(import.meta.dirname, '../../bin/highball.js');
    await using program = new Program(
      'python3',
      [
        '-c',
        launcher,
        socket,
        process.execPath,
        highballBin,
        'serve',
        'app.mjs',
        '--control-socket',
        'control',
      ],
      { cwd: site.path, env: { PATH: `${site.path}/bin:${process.env['PATH']}` } },
    );
    await program.until(/serves/);
    expect((await who(socket)).path).toBe('/');
    const control = await site.control();
    await control.call('reload');
    await expect.poll(() => readFile(heard, 'utf8')).toMatch(/WATCHDOG=1/);
    await program.stop();
    const lines = (await readFile(heard, 'utf8'))
      .trim()
      .split('\n')
      .filter((line) => line !== 'WATCHDOG=1');
    expect(lines).toEqual([
      expect.stringMatching(/^READY=1 STATUS=serves .* with 1 workers$/),
      expect.stringMatching(/^RELOADING=1 MONOTONIC_USEC=\d+$/),
      expect.stringMatching(/^READY=1 STATUS=/),
      'STOPPING=1',
    ]);
    // What systemd has made stays for the next start.
    expect((await stat(socket)).isSocket()).toBe(true);
  });

  test('that cannot be told is one warning', async () => {
    await using site = await Site.make();
    const { program } = await site.serve([], { NOTIFY_SOCKET: '/run/nowhere', PATH: tmpdir() });
    await program.until(/systemd-notify is not in the PATH/);
  });
});

test('a worker is replaced after its requests, and no request fails', async () => {
  await using site = await Site.make();
  const { port } = await site.serve(['--max-requests', '5', '--max-requests-jitter', '2']);
  const { pid } = await who(port);
  for (let i = 0; i < 8; i++) await who(port);
  await expect.poll(async () => (await who(port)).pid).not.toBe(pid);
});

test('TERM during the start ends it, and is no error', async () => {
  await using site = await Site.make({ 'app.mjs': 'console.log("loading"); await new Promise(() => {});' });
  const program = site.run(['serve', 'app.mjs', '-b', '127.0.0.1:0', '-p', 'app.pid']);
  await program.until(/loading/);
  program.signal('SIGTERM');
  expect(await program.exited).toBe(0);
  expect(program.stderr.trim()).toMatch(/SIGTERM: finishing the requests, then stopping$/);
  await expect(stat(join(site.path, 'app.pid'))).rejects.toThrow('ENOENT');
});

test('a log that cannot be written is said at the start', async () => {
  await using site = await Site.make();
  await writeFile(join(site.path, 'file'), '');
  const program = site.run(['serve', 'app.mjs', '--error-log', 'file/error.log']);
  expect(await program.exited).toBe(1);
  expect(program.stderr).toMatch(/^highball: cannot write the log file\/error\.log: ENOTDIR/);
});

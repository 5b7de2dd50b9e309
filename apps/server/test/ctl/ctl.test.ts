import { rename, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { once } from 'node:events';
import { describe, expect, test } from 'vitest';
import { statusText } from '../../src/ctl/status-text.ts';
import type { ServerStatus } from '../../src/ctl/types.ts';
import { end, Site, who } from '../started.ts';

const ready = (status: ServerStatus): number[] =>
  (status.pools.at(-1)?.workers ?? []).flatMap(({ state, pid }) =>
    state === 'ready' && pid !== null ? [pid] : [],
  );

describe('highball ctl, with a server that runs', () => {
  test('status shows the master, the pool and what each worker does; in JSON for machines', async () => {
    await using site = await Site.make();
    const { port, program } = await site.serve(['-w', '2']);
    expect((await stat(site.socket)).mode & 0o777).toBe(0o600);
    await who(port);
    // They report once a second: one that the request is over, and that its connection is closed.
    const reports = async (): Promise<string[] | undefined> =>
      (await site.status()).pools[0]?.workers.map(
        ({ requests, connections }) => `${requests} over ${connections}`,
      );
    await expect.poll(reports).toContain('1 over 0');
    const status = JSON.parse(await site.ctl('status', '--json')) as ServerStatus;
    expect(status).toMatchObject({ pid: program.pid, successorPid: null, predecessorPid: null });
    expect(status.pools).toMatchObject([
      { name: 'front', state: 'running', size: 2, generation: 1, drained: false },
    ]);
    expect(status.pools[0]?.queues).toEqual([{ address: `127.0.0.1:${port}`, queued: 0 }]);
    for (const worker of status.pools[0]?.workers ?? []) {
      expect(worker).toMatchObject({
        state: 'ready',
        connections: 0,
        active: 0,
        restarts: 0,
        crashes: 0,
        serving: [],
      });
      expect(worker.memoryBytes).toBeGreaterThan(10_000_000);
      expect(worker.silentMs).toBeLessThan(3000);
    }
    const text = await site.ctl('status');
    expect(text).toMatch(new RegExp(`^highball \\S+ {2}master ${program.pid} {2}up \\d+s`));
    expect(text).toMatch(
      /front {2}127\.0\.0\.1:\d+ \(0 waiting to be accepted\) {2}2 of 2 workers ready, generation 1/,
    );
    expect(text).toMatch(
      /worker +pid +state +age +conns +active +requests +req\/s +busy +lag +memory +restarts/,
    );
  });

  test('scale, recycle and reload change the workers, and answer when it is done', async () => {
    await using site = await Site.make();
    const { port } = await site.serve();
    const control = await site.control();
    const [first = 0] = ready(await control.call('status'));
    expect(await control.call('scale', { workers: 2 })).toEqual({ pool: 'front', workers: 2 });
    expect(ready(await control.call('status'))).toHaveLength(2);
    expect(await control.call('recycle', { pid: first })).toEqual({ pid: first });
    expect(ready(await control.call('status'))).not.toContain(first);
    const before = ready(await control.call('status'));
    expect(await control.call('reload')).toEqual({ generation: 2 });
    const after = ready(await control.call('status'));
    expect(after).toHaveLength(2);
    expect(after.filter((pid) => before.includes(pid))).toEqual([]);
    expect(after).toContain((await who(port)).pid);
  });

  test('drain lets the workers leave; connections wait until scale brings workers back', async () => {
    await using site = await Site.make();
    const { port } = await site.serve();
    const control = await site.control();
    const underWay = who(port, '/slow');
    await who(port);
    await control.call('drain');
    expect((await underWay).path).toBe('/slow');
    const status = await control.call('status');
    expect(ready(status)).toEqual([]);
    expect(status.pools[0]).toMatchObject({ drained: true });
    const waiting = who(port, '/waits');
    await expect.poll(async () => (await control.call('status')).pools[0]?.queues[0]?.queued).toBe(1);
    await control.call('scale', { workers: 1 });
    expect((await waiting).path).toBe('/waits');
  });

  test('upgrade puts a new master in the place of the old one, and no request of the meantime fails', async () => {
    await using site = await Site.make();
    const { port, program } = await site.serve(['-p', 'app.pid']);
    const load = { running: true, failed: 0, masters: new Set<number>() };
    const client = async (): Promise<void> => {
      while (load.running) {
        await who(port, '/')
          .then(({ master }) => load.masters.add(master))
          .catch(() => load.failed++);
      }
    };
    const clients = [client(), client()];
    // The end of the process: its output goes on, the new master has inherited it.
    const exited = once(program.child, 'exit');
    const control = await site.control();
    const { pid, oldPid } = await control.call('upgrade');
    try {
      expect(oldPid).toBe(program.pid);
      expect(await exited).toEqual([0, null]);
      expect((await who(port)).master).toBe(pid);
      load.running = false;
      await Promise.all(clients);
      expect(load).toMatchObject({ failed: 0, masters: new Set([program.pid, pid]) });
      // The names of the old one are the new one's now.
      await expect.poll(() => readFile(join(site.path, 'app.pid'), 'utf8').catch(() => '')).toBe(`${pid}\n`);
      await expect
        .poll(() => site.status().catch(() => undefined))
        .toMatchObject({ pid, predecessorPid: null });
    } finally {
      load.running = false;
      await end(pid);
    }
  });

  test('an upgrade to what does not start leaves the old master in service', async () => {
    await using site = await Site.make();
    const { port, program } = await site.serve();
    await site.write('app.mjs', 'broken(');
    const control = await site.control();
    await expect(control.call('upgrade')).rejects.toThrow(
      /^the new master \(pid \d+\) exited with code 4 before/,
    );
    expect((await who(port)).master).toBe(program.pid);
    expect((await site.status()).successorPid).toBeNull();
  });

  test('reopen-logs writes to a new file, in the master and in the workers', async () => {
    await using site = await Site.make();
    await site.serve(['--error-log', 'error.log', '--log-level', 'debug']);
    const log = join(site.path, 'error.log');
    await rename(log, `${log}.1`);
    const control = await site.control();
    expect(await control.call('reopen-logs')).toEqual({ reopened: true });
    await control.call('reload');
    expect(await readFile(log, 'utf8')).toMatch(/master: worker 1[^\n]*is ready[^]*front worker 1: draining/);
    expect(await readFile(`${log}.1`, 'utf8')).not.toContain('draining');
  });

  test('stop finishes the request, and returns when the server is gone', async () => {
    await using site = await Site.make();
    const { port, program } = await site.serve();
    const slow = who(port, '/slow');
    await expect.poll(async () => (await site.status()).pools[0]?.workers[0]?.active).not.toBeNull();
    expect(await site.ctl('stop')).toBe(`the server (pid ${program.pid}) has stopped\n`);
    expect((await slow).path).toBe('/slow');
    expect(await program.exited).toBe(0);
    await expect(stat(site.socket)).rejects.toThrow('ENOENT');
  });

  test('watch shows a status again and again until it is ended', async () => {
    await using site = await Site.make();
    await site.serve();
    const watch = site.run(['ctl', 'status', '--watch', '0.1', '--json', '--socket', site.socket]);
    await watch.until(/\n[^\n]+\n[^\n]+\n/);
    for (const line of watch.stdout.trim().split('\n').slice(0, 3)) {
      expect((JSON.parse(line) as ServerStatus).pools[0]?.name).toBe('front');
    }
    await watch.stop();
  });

  test('a worker that blocks is shown as blocked, with what it serves', async () => {
    await using site = await Site.make();
    const { port } = await site.serve(['--timeout', '20']);
    const control = await site.control();
    const worker = async () => (await control.call('status')).pools[0]?.workers[0];
    void who(port, '/never').catch(() => undefined);
    // It reports once a second: this report names the request, and the next one never comes.
    await expect.poll(async () => (await worker())?.active).toBe(1);
    void who(port, '/block').catch(() => undefined);
    await expect.poll(async () => (await worker())?.silentMs ?? 0).toBeGreaterThan(3000);
    const text = statusText(await control.call('status'));
    expect(text).toMatch(/1 +\d+ +blocked/);
    expect(text).toMatch(/worker 1: gives no sign of life for \d+s, serving GET \/never for \d+s/);
    await control.call('stop', { quick: true });
  });
});

describe('what cannot be done is one line', () => {
  test('of a server that runs', async () => {
    await using site = await Site.make();
    await site.serve();
    const control = await site.control();
    await expect(control.call('scale', { workers: 2, pool: 'blog' })).rejects.toThrow(
      "there is no pool 'blog'; there are: front",
    );
    await expect(control.call('scale', { workers: 5000 })).rejects.toThrow(
      'workers is a whole number from 0 to 1024',
    );
    await expect(control.call('watch', { intervalMs: 1 })).rejects.toThrow('intervalMs is 100 or more');
    await site.write('app.mjs', 'broken(');
    await expect(control.call('reload')).rejects.toThrow(/^worker 1 \(pid \d+\) failed to boot: cannot load/);
    const line = await site.ctl('recycle', '1').catch(({ message }: Error) => message);
    expect(line).toBe('highball: no worker has the pid 1\n');
  });

  test('without a server, or without rights', async () => {
    await using site = await Site.make();
    const nobody = site.run(['ctl', 'status', '--socket', site.socket]);
    expect(await nobody.exited).toBe(1);
    expect(nobody.stderr).toBe(`highball: nothing listens on ${site.socket}\n`);
    const noPid = site.run(['ctl', 'status', '--pid', 'gone.pid']);
    expect(await noPid.exited).toBe(1);
    expect(noPid.stderr).toBe('highball: there is no pid in gone.pid; is the server running?\n');
    const unknown = site.run(['ctl', 'scale', 'many']);
    expect(await unknown.exited).toBe(1);
    expect(unknown.stderr).toMatch(/^highball: .*'many' is invalid.*whole number\.\n$/);
  });

  test('where several servers run, the one that is meant has to be named', async () => {
    await using site = await Site.make();
    const env = { XDG_RUNTIME_DIR: site.path };
    const args = ['serve', 'app.mjs', '-b', '127.0.0.1:0'];
    const first = site.run([...args, '-p', 'first.pid'], env);
    await first.until(/serves/);
    const only = site.run(['ctl', 'status'], env);
    expect(await only.exited).toBe(0);
    expect(only.stdout).toContain(`master ${first.pid}`);
    const second = site.run(args, env);
    await second.until(/serves/);
    // What a killed master has left is no server.
    await writeFile(join(site.path, 'highball/99999999.sock'), '');
    const which = site.run(['ctl', 'status'], env);
    expect(await which.exited).toBe(1);
    expect(which.stderr).toMatch(
      /^highball: several servers run \(pid \d+, \d+\); name one by --socket PATH or --pid/,
    );
    const named = site.run(['ctl', 'status', '--pid', 'first.pid'], env);
    expect(await named.exited).toBe(0);
    expect(named.stdout).toContain(`master ${first.pid}`);
  });
});

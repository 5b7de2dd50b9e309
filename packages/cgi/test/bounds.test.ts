import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { cgi } from '../src/index.ts';
import { bodyOf, isAlive, PLAIN, request, Scripts, serve, statusOf, TestClock, until } from './support.ts';

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

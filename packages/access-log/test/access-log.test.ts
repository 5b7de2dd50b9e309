import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import { mkdir, readFile, rename, rm, stat } from 'node:fs/promises';
import net from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createWorker } from '@highball/async-worker';
import { exchange, Program, temporaryFolder } from '@highball/testkit';
import { expect, test } from 'vitest';
import { accessLog, AccessLogError, type AccessRecord } from '../src/index.ts';
import { Complaints, makePipe, recordOf } from './support.ts';

const fixture = join(import.meta.dirname, 'fixtures/writer.ts');
const write = (...args: string[]): Program =>
  new Program(process.execPath, ['-C', '@highball/source', fixture, ...args]);

test('the requests of a worker have their lines', async () => {
  await using folder = await temporaryFolder();
  const file = join(folder.path, 'access.log');
  const log = accessLog({ to: file, format: '"$request" $status $body_bytes_sent $request_completion' });
  const worker = createWorker(
    (environ, startResponse) => {
      startResponse('200 OK', [['Content-Type', 'text/plain']]);
      return [`you asked for ${environ.PATH_INFO}`];
    },
    { onResponse: log.onResponse },
  );
  const { port } = await worker.listen({ port: 0 });
  await exchange(port, 'GET /a"b HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
  await worker.close();
  expect(await log.close()).toBe(true);
  expect(await readFile(file, 'latin1')).toMatch(/^"GET \/a\\x22b HTTP\/1\.1" 200 18 OK\n$/);
});

test('a new file is not for everybody to read', async () => {
  await using folder = await temporaryFolder();
  const file = join(folder.path, 'access.log');
  await accessLog({ to: file }).close();
  expect((await stat(file)).mode & 0o007).toBe(0);
});

test('several processes share a file, and no line is torn or lost', async () => {
  await using folder = await temporaryFolder();
  const file = join(folder.path, 'access.log');
  const names = ['a', 'b', 'c'];
  const count = 3000;
  const programs = names.map((name) => write(file, name, String(count)));
  for (const program of programs) expect(await program.exited, program.output).toBe(0);
  const lines = (await readFile(file, 'latin1')).trimEnd().split('\n');
  expect(lines).toHaveLength(names.length * count);
  expect(lines.filter((line) => !isWhole(line))).toEqual([]);
  for (const name of names) {
    const order = lines.filter((line) => line.startsWith(name)).map((line) => Number(line.split(' ')[1]));
    expect(order).toEqual(Array.from({ length: count }, (_, n) => n));
  }
});

function isWhole(line: string): boolean {
  const [, n, padding = ''] = /^[abc] (\d+) (x*)$/.exec(line) ?? [];
  return n !== undefined && padding.length === Number(n) % 97;
}

test('what waits is written when the process exits in a hurry', async () => {
  await using folder = await temporaryFolder();
  const file = join(folder.path, 'access.log');
  const program = write(file, 'a', '5', 'exit');
  expect(await program.exited, program.output).toBe(0);
  expect(await readFile(file, 'latin1')).toMatch(/^a 0 \na 1 x\na 2 xx\na 3 xxx\na 4 xxxx\n$/);
});

test('a log that was moved is left, whole, and a new one is begun', async () => {
  await using folder = await temporaryFolder();
  const file = join(folder.path, 'access.log');
  const log = accessLog({ to: file, format: '$arg_n' });
  const request = (n: number): void => log.onResponse(recordOf({ QUERY_STRING: `n=${n}` }));
  request(1);
  await rename(file, `${file}.1`);
  request(2);
  await log.reopen();
  request(3);
  await log.close();
  expect(await readFile(`${file}.1`, 'latin1')).toBe('1\n2\n');
  expect(await readFile(file, 'latin1')).toBe('3\n');
});

test('nothing is lost when a log is moved again and again under load', async () => {
  await using folder = await temporaryFolder();
  const file = join(folder.path, 'access.log');
  const log = accessLog({ to: file, format: '$arg_n', flushBytes: 100 });
  let n = 0;
  const load = setInterval(() => {
    for (let i = 0; i < 50; i++) log.onResponse(recordOf({ QUERY_STRING: `n=${n++}` }));
  }, 1);
  for (let round = 0; round < 10; round++) {
    await sleep(5);
    await rename(file, `${file}.${round}`);
    await log.reopen();
  }
  clearInterval(load);
  await log.close();
  const files = await Promise.all(
    [...Array(10).keys()]
      .map((round) => `${file}.${round}`)
      .concat(file)
      .map((name) => readFile(name, 'latin1')),
  );
  const numbers = files.join('').trimEnd().split('\n').map(Number);
  expect(numbers).toEqual(Array.from({ length: n }, (_, i) => i));
});

test('reopening closes the old file', async (context) => {
  context.skip(!fs.existsSync('/proc/self/fd'), 'needs /proc (Linux)');
  await using folder = await temporaryFolder();
  const log = accessLog({ to: join(folder.path, 'access.log') });
  for (let i = 0; i < 5; i++) await log.reopen();
  const open = fs.readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return fs.readlinkSync(`/proc/self/fd/${fd}`).startsWith(folder.path);
    } catch {
      // The one by which this list was read.
      return false;
    }
  });
  expect(open).toHaveLength(1);
  await log.close();
});

test('a folder that is gone keeps the old file, says so, and costs no answer', async () => {
  await using folder = await temporaryFolder();
  const inner = join(folder.path, 'logs');
  await mkdir(inner);
  const file = join(inner, 'access.log');
  const complaints = new Complaints();
  const log = accessLog({ to: file, format: '$arg_n', log: complaints });
  await rm(inner, { recursive: true });
  log.onResponse(recordOf({ QUERY_STRING: 'n=1' }));
  await log.reopen();
  expect(complaints.errors).toEqual([expect.stringContaining('ENOENT')]);
  await mkdir(inner);
  await log.reopen();
  log.onResponse(recordOf({ QUERY_STRING: 'n=2' }));
  expect(await log.close()).toBe(true);
  expect(await readFile(file, 'latin1')).toBe('2\n');
});

test('a path that cannot be opened is refused at the start', () => {
  expect(() => accessLog({ to: '/nowhere/at/all.log' })).toThrow(AccessLogError);
  expect(() => accessLog({ to: '/nowhere/at/all.log' })).toThrow(
    expect.objectContaining({ code: 'CANNOT_OPEN' }),
  );
});

test('a disk that is full is told once; the buffer is bounded, and nobody waits', async (context) => {
  context.skip(!fs.existsSync('/dev/full'), 'needs /dev/full (Linux)');
  const complaints = new Complaints();
  const log = accessLog({
    to: '/dev/full',
    format: '$arg_n',
    log: complaints,
    maxBufferBytes: 100,
    flushBytes: 10,
  });
  const began = performance.now();
  for (let i = 0; i < 10_000; i++) log.onResponse(recordOf({ QUERY_STRING: 'n=12345678' }));
  expect(performance.now() - began).toBeLessThan(5000);
  expect(log.stats().pendingBytes).toBeLessThanOrEqual(100);
  expect(await log.close(100)).toBe(false);
  expect(complaints.errors).toEqual([expect.stringContaining('ENOSPC')]);
  expect(complaints.warnings).toEqual([
    { message: 'the access log lost lines', details: { lines: 10_000, bytes: 90_000 } },
  ]);
});

test('a named pipe that nobody reads holds up nothing; its reader gets what was kept, and the loss is told', async (context) => {
  await using folder = await temporaryFolder();
  const pipe = makePipe(folder.path, context);
  const complaints = new Complaints();
  const log = accessLog({
    to: pipe,
    format: '$arg_n',
    log: complaints,
    maxBufferBytes: 200_000,
    flushBytes: 100,
  });
  for (let i = 0; i < 50_000; i++)
    log.onResponse(recordOf({ QUERY_STRING: `n=${String(i).padStart(7, '0')}` }));
  await sleep(50);
  expect(complaints.errors).toEqual([expect.stringContaining('ENXIO')]);
  // The thread pool is free: a file is read although nobody reads the pipe.
  await readFile(import.meta.filename);
  const reader = fs.createReadStream(pipe, { encoding: 'latin1' });
  let received = '';
  reader.on('data', (chunk) => (received += String(chunk)));
  await once(reader, 'open');
  expect(await log.close(5000)).toBe(true);
  await once(reader, 'close');
  const numbers = received.trimEnd().split('\n').map(Number);
  expect(numbers).toEqual(Array.from({ length: 25_000 }, (_, i) => i));
  expect(complaints.warnings).toEqual([
    { message: 'the access log lost lines', details: { lines: 25_000, bytes: 200_000 } },
  ]);
});

test('standard output that nobody reads does not keep a process from its end', async () => {
  const child = write('-', 'a', '60000');
  child.child.stdout?.pause();
  // Its close() gives up after two seconds.
  expect(await Promise.race([child.exited, sleep(15_000)])).toBe(0);
  expect(JSON.parse(child.stderr.slice(child.stderr.lastIndexOf('{"written"')))).toMatchObject({
    dropped: expect.toSatisfy((lines: number) => lines > 0),
  });
});

test('standard output that is a pipe which nobody reads does not either', async (context) => {
  await using folder = await temporaryFolder();
  const pipe = makePipe(folder.path, context);
  // For reading, too: so it opens, and a write to it would block.
  const stdout = fs.openSync(pipe, fs.constants.O_RDWR);
  const child = spawn(process.execPath, ['-C', '@highball/source', fixture, '-', 'a', '5000'], {
    stdio: ['ignore', stdout, 'ignore'],
  });
  const exited = once(child, 'exit');
  const outcome = await Promise.race([exited, sleep(15_000, ['still there'])]);
  child.kill('SIGKILL');
  fs.closeSync(stdout);
  expect(outcome[0]).toBe(0);
});

test('standard output that is read has every line', async () => {
  const program = write('-', 'a', '5000');
  expect(await program.exited).toBe(0);
  expect(program.stdout.trimEnd().split('\n')).toHaveLength(5000);
});

test('standard output that is a socket, as of services, is written', async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, 'socket');
  const server = net.createServer().listen(path);
  await once(server, 'listening');
  const connection = once(server, 'connection') as Promise<[net.Socket]>;
  const stdout = net.connect(path);
  await once(stdout, 'connect');
  const child = spawn(process.execPath, ['-C', '@highball/source', fixture, '-', 'a', '3'], {
    stdio: ['ignore', stdout, 'ignore'],
  });
  stdout.destroy();
  const [socket] = await connection;
  let received = '';
  socket.on('data', (chunk: Buffer) => (received += chunk.toString()));
  await once(socket, 'end');
  socket.destroy();
  server.close();
  expect(child.exitCode ?? (await once(child, 'exit'))[0]).toBe(0);
  expect(received).toBe('a 0 \na 1 x\na 2 xx\n');
});

test('requests may be left out, or only some of them written, but never the failed ones', () => {
  const lines: string[] = [];
  let random = 0.5;
  const log = accessLog({
    format: '$uri $status',
    to: (line) => lines.push(line),
    skip: ({ environ }: AccessRecord) => environ.PATH_INFO === '/health',
    sample: 0.5,
    random: () => random,
  });
  log.onResponse(recordOf({ PATH_INFO: '/not-drawn' }));
  log.onResponse(recordOf({ PATH_INFO: '/failed' }, { status: '500 Internal Server Error' }));
  log.onResponse(recordOf({ PATH_INFO: '/left' }, { status: '', complete: false }));
  random = 0.49;
  log.onResponse(recordOf({ PATH_INFO: '/drawn' }));
  log.onResponse(recordOf({ PATH_INFO: '/health' }));
  expect(lines).toEqual(['/failed 500', '/left 499', '/drawn 200']);
});

test('a function that throws costs its line and is told once', () => {
  const complaints = new Complaints();
  const broken = (): never => {
    throw new Error('no');
  };
  const log = accessLog({ to: broken, log: complaints });
  log.onResponse(recordOf());
  log.onResponse(recordOf());
  expect(log.stats()).toMatchObject({ written: 0, dropped: 2 });
  expect(complaints.errors).toHaveLength(1);
  accessLog({ to: () => undefined, format: broken, log: complaints }).onResponse(recordOf());
  expect(complaints.errors).toHaveLength(2);
});

test.each([{ sample: 2 }, { flushMs: 0 }, { maxBufferBytes: Number.NaN }, { flushBytes: -1 }])(
  '%o makes no sense',
  (options) => {
    expect(() => accessLog({ to: () => undefined, ...options })).toThrow(
      expect.objectContaining({ code: 'BAD_OPTION' }),
    );
  },
);

import { RawClient, temporaryFolder } from '@highball/testkit';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import net, { createServer, type Socket } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { pauseAccepting, resumeAccepting } from '@highball/prefork-master/accept-pause';
import { Acceptor } from '../src/acceptor.ts';
import type { WorkerStats } from '../src/index.ts';
import { deferred, get, last, serve, TestClock, TestLog, until } from './support.ts';

const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

/** A socket that is bound and not listened on: what a master has, and its workers inherit. */
function bind(host: string, port: number): { fd: number; address: number | string } & AsyncDisposable {
  const { _createServerHandle: create } = net as unknown as {
    _createServerHandle(host: string, port: number, family: number): BoundHandle;
  };
  const handle = create(host, port, port === -1 ? -1 : 4);
  const name: { port?: number } = {};
  handle.getsockname?.(name);
  const close = (): Promise<void> => new Promise((resolve) => handle.close(resolve));
  return { fd: handle.fd, address: name.port ?? host, [Symbol.asyncDispose]: close };
}

interface BoundHandle {
  readonly fd: number;
  getsockname?(name: { port?: number }): number;
  close(callback: () => void): void;
}

/** Starts a worker on an inherited socket. */
async function startWorker(fd: number, name: string, workerConnections: number): Promise<ChildProcess> {
  const program = `${import.meta.dirname}/programs/inheriting-worker.ts`;
  const args = ['-C', '@highball/source', program, name, String(workerConnections)];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'inherit', 'inherit', fd, 'ipc'] });
  children.push(child);
  await once(child, 'message');
  return child;
}

async function statsOf(child: ChildProcess, request = 'stats'): Promise<WorkerStats> {
  const answer = once(child, 'message');
  child.send(request);
  return ((await answer) as [WorkerStats])[0];
}

/** Opens a connection that is kept, and says who serves it. */
async function whoServes(address: number | string, path = '/'): Promise<{ name: string; client: RawClient }> {
  const client = await RawClient.connect(address);
  client.send(get(path));
  // Of a body that does not end, a chunk's length comes first.
  const answer = await client.until(/\r\n\r\n(?:\w+\r\n)?\w+\//);
  const name = answer.slice(answer.lastIndexOf('\n', answer.lastIndexOf('/')) + 1, answer.lastIndexOf('/'));
  return { name, client };
}

describe('workerConnections', () => {
  test('on a socket of its own: connections beyond it wait, and are served when there is room', async () => {
    const slow = deferred();
    await using server = await serve(
      async (environ, start) => {
        if (environ.PATH_INFO === '/slow') await slow.promise;
        start('200 OK', []);
        return [environ.PATH_INFO];
      },
      { workerConnections: 2 },
    );
    const clients = await Promise.all(Array.from({ length: 5 }, () => server.connect()));
    clients[0]?.send(last('/slow'));
    clients[1]?.send(last('/slow'));
    await until(() => server.worker.stats().waiting === 3);
    for (const client of clients.slice(2)) client.send(last('/waited'));
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(server.worker.stats()).toMatchObject({ connections: 2, requests: 2 });
    slow.resolve();
    await Promise.all(clients.map(async (client) => client.closed.then(() => client.destroy())));
    expect(clients.map(({ received }) => received.slice(received.lastIndexOf('/')))).toEqual([
      '/slow',
      '/slow',
      '/waited',
      '/waited',
      '/waited',
    ]);
  });

  test('a connection that leaves while it waits is forgotten', async () => {
    await using server = await serve(() => new Promise(() => undefined), { workerConnections: 1 });
    const [first, second] = [await server.connect(), await server.connect()];
    await until(() => server.worker.stats().waiting === 1);
    second.socket.resetAndDestroy();
    first.destroy();
    await until(() => server.worker.stats().connections + server.worker.stats().waiting === 0);
  });

  test.each(['TCP', 'Unix'])(
    'on an inherited %s socket: a full worker leaves the rest to the others',
    async (kind) => {
      await using folder = await temporaryFolder();
      await using bound = kind === 'TCP' ? bind('127.0.0.1', 0) : bind(`${folder.path}/s`, -1);
      const small = await startWorker(bound.fd, 'small', 2);
      // Idle ones would be given up while the other worker starts.
      const served = [await whoServes(bound.address, '/stay'), await whoServes(bound.address, '/stay')];
      expect(served.map(({ name }) => name)).toEqual(['small', 'small']);
      const third = await RawClient.connect(bound.address);
      third.send(get('/'));
      await new Promise((resolve) => setTimeout(resolve, 100));
      // It is in the kernel's queue, where any worker can take it.
      expect(await statsOf(small)).toMatchObject({ connections: 2, waiting: 0 });
      await startWorker(bound.fd, 'big', 1000);
      await third.until('big/');
      // Its place is free again as soon as one leaves.
      served[0]?.client.destroy();
      const names = new Set<string>();
      for (let i = 0; i < 100 && !names.has('small'); i++) {
        const { name, client } = await whoServes(bound.address);
        names.add(name);
        client.destroy();
      }
      expect(names).toContain('small');
      served[1]?.client.destroy();
      third.destroy();
    },
  );
});

test('a full worker that is drained serves what is left in the queue of an inherited socket', async () => {
  await using bound = bind('127.0.0.1', 0);
  const worker = await startWorker(bound.fd, 'only', 1);
  const { client: idle } = await whoServes(bound.address);
  const queued = await Promise.all(Array.from({ length: 20 }, () => RawClient.connect(bound.address)));
  for (const client of queued) client.send(get('/queued'));
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(await statsOf(worker)).toMatchObject({ connections: 1, waiting: 0, requests: 1 });
  const drained = once(worker, 'message');
  worker.send('drain');
  const answered = queued.map(async (client) => {
    await client.until(/Connection: close\r\n[^]*only\/queued$/);
    client.destroy();
  });
  await Promise.all([...answered, idle.closed.then(() => idle.destroy())]);
  expect(await drained).toContain('drained');
});

test('a full worker that is drained leaves a request time to come: it keeps nobody out any more', async () => {
  await using bound = bind('127.0.0.1', 0);
  const worker = await startWorker(bound.fd, 'only', 1);
  const client = await RawClient.connect(bound.address);
  client.send('GET /late HTTP/1.1\r\nHo');
  await expect.poll(() => statsOf(worker)).toMatchObject({ connections: 1 });
  const drained = once(worker, 'message');
  worker.send('drain');
  // Who may be spared has had more than a second.
  await new Promise((resolve) => setTimeout(resolve, 1500));
  client.send('st: a\r\n\r\n');
  await client.until('only/late');
  client.destroy();
  expect(await drained).toContain('drained');
});

describe('hold', () => {
  test('leaves what comes to others until release, and keeps what is there', async () => {
    await using bound = bind('127.0.0.1', 0);
    const worker = await startWorker(bound.fd, 'held', 2);
    const { client: kept } = await whoServes(bound.address);
    await statsOf(worker, 'hold');
    const queued = await RawClient.connect(bound.address);
    queued.send(get('/queued'));
    kept.send(get('/kept'));
    await kept.until('held/kept');
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(queued.received).toBe('');
    // It is not full: nobody is asked to leave.
    expect(kept.received).not.toContain('Connection: close');
    await statsOf(worker, 'release');
    await queued.until('held/queued');
  });

  test('a worker that is full as well accepts when neither is so any more', async () => {
    await using bound = bind('127.0.0.1', 0);
    const worker = await startWorker(bound.fd, 'held', 1);
    const { client } = await whoServes(bound.address);
    await statsOf(worker, 'hold');
    const queued = await RawClient.connect(bound.address);
    queued.send(get('/queued'));
    client.destroy();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(await statsOf(worker)).toMatchObject({ connections: 0 });
    await statsOf(worker, 'release');
    await queued.until('held/queued');
    const late = await RawClient.connect(bound.address);
    late.send(get('/late'));
    await statsOf(worker, 'hold');
    await statsOf(worker, 'release');
    await new Promise((resolve) => setTimeout(resolve, 50));
    // It is still full.
    expect(late.received).toBe('');
    queued.destroy();
    await late.until('held/late');
  });

  test('a worker that drains takes over what waits all the same', async () => {
    await using bound = bind('127.0.0.1', 0);
    const worker = await startWorker(bound.fd, 'held', 10);
    await statsOf(worker, 'hold');
    const queued = await RawClient.connect(bound.address);
    queued.send(get('/queued'));
    await statsOf(worker);
    const drained = once(worker, 'message');
    worker.send('drain');
    await queued.until('held/queued');
    queued.destroy();
    expect(await drained).toContain('drained');
  });

  test('sockets of its own go on accepting', async () => {
    await using server = await serve((_environ, start) => {
      start('200 OK', []);
      return ['here'];
    });
    server.worker.hold();
    expect(await server.exchange(last('/'))).toContain('here');
    server.worker.release();
    expect(await server.exchange(last('/'))).toContain('here');
  });
});

test('onConnections is told of each connection that comes or goes, those taken over included', async () => {
  const counts: number[] = [];
  await using server = await serve(
    (environ) => {
      environ['highball.upgrade']?.().socket.write('taken');
      return [];
    },
    { onConnections: (connections) => counts.push(connections) },
  );
  const first = await server.connect();
  first.send(get('/', 'Connection: Upgrade', 'Upgrade: chat'));
  await first.until('taken');
  const second = await server.connect();
  await until(() => counts.length === 2);
  first.socket.resetAndDestroy();
  await until(() => counts.length === 3);
  second.destroy();
  await until(() => counts.length === 4);
  expect(counts).toEqual([1, 2, 1, 0]);
});

describe('pauseAccepting', () => {
  test('says that it cannot, where the handle is not as expected', () => {
    expect(pauseAccepting(createServer())).toBe(false);
    expect(() => resumeAccepting(createServer(), 1)).not.toThrow();
  });
});

describe('Acceptor', () => {
  test('reads nothing from connections that wait, and hands them over in their order', async () => {
    let room = 0;
    const handed: Socket[] = [];
    const owner = {
      hasRoom: () => handed.length < room,
      makeRoom: () => false,
      onConnection: (socket: Socket) => void handed.push(socket),
    };
    const acceptor = new Acceptor(owner, new TestLog(), new TestClock());
    const { port } = await acceptor.listen({ port: 0 });
    const clients: RawClient[] = [];
    for (let i = 0; i < 3; i++) {
      const client = await RawClient.connect(port);
      client.send('x'.repeat(100_000));
      clients.push(client);
      await until(() => acceptor.waiting === i + 1);
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
    room = 2;
    acceptor.onRoom();
    expect(handed.map((socket) => socket.bytesRead)).toEqual([0, 0]);
    expect(handed.map((socket) => socket.remotePort)).toEqual(
      clients.slice(0, 2).map(({ socket }) => socket.localPort),
    );
    expect(acceptor.waiting).toBe(1);
    acceptor.close();
    for (const { socket } of clients) socket.destroy();
    for (const socket of handed) socket.destroy();
  });

  test('tells Unix sockets by the listening socket, not by an address that is missing', async () => {
    const seen: boolean[] = [];
    const owner = {
      hasRoom: () => true,
      makeRoom: () => false,
      onConnection: (socket: Socket, { unix }: { unix: boolean }): void => {
        seen.push(unix);
        socket.destroy();
      },
    };
    const acceptor = new Acceptor(owner, new TestLog(), new TestClock());
    const { port } = await acceptor.listen({ port: 0 });
    (await RawClient.connect(port)).destroy();
    await until(() => seen.length > 0);
    acceptor.close();
    expect(seen).toEqual([false]);
  });
});

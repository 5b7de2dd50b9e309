import type { UpgradedConnection } from '@highball/gateway-protocol';
import { RawClient, temporaryFolder } from '@highball/testkit';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, test } from 'vitest';
import { createWorker } from '../src/index.ts';
import { deferred, echoPath, get, last, serve, statusesOf, TestLog, until } from './support.ts';

/** Lets another program connect while this one does nothing, and so accepts nothing; then goes on. */
async function withBlockedLoop(
  port: number,
  count: number,
  mode: 'wait' | 'reset',
  act: (exited: Promise<string>) => Promise<void>,
): Promise<void> {
  const args = [`${import.meta.dirname}/programs/clients.ts`, String(port), String(count), mode];
  const clients = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  await once(clients.stdout, 'data');
  let output = '';
  clients.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  clients.stdin.write('go');
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 500);
  await act(once(clients, 'exit').then(() => output));
}

describe('listen', () => {
  test('may be called several times, on TCP and Unix sockets', async () => {
    await using folder = await temporaryFolder();
    const path = `${folder.path}/s`;
    const worker = createWorker(
      (environ, start) => {
        start('200 OK', []);
        return [`${environ.REMOTE_ADDR}|${environ.SERVER_NAME}`];
      },
      { log: new TestLog() },
    );
    const first = await worker.listen({ port: 0 });
    const second = await worker.listen({ port: 0, host: '127.0.0.1', backlog: 5 });
    expect(await worker.listen({ path })).toEqual({ address: path, port: 0 });
    expect(first).toEqual({ address: '127.0.0.1', port: expect.any(Number) as number });
    for (const [address, answer] of [
      [first.port, '127.0.0.1|example.org'],
      [second.port, '127.0.0.1|example.org'],
      [path, '|example.org'],
    ] as const) {
      const client = await RawClient.connect(address);
      client.send(last('/'));
      await client.closed;
      expect(client.received.endsWith(`\r\n\r\n${answer}`)).toBe(true);
      client.destroy();
    }
    await worker.close();
  });

  test('fails with the error of the system', async () => {
    await using server = await serve(echoPath);
    await expect(createWorker(echoPath).listen({ port: server.port })).rejects.toMatchObject({
      code: 'EADDRINUSE',
    });
  });
});

describe('drain', () => {
  test('lets requests under way finish, and says Connection: close', async () => {
    const slow = deferred();
    await using server = await serve(async (_environ, start) => {
      await slow.promise;
      start('200 OK', []);
      return ['done'];
    });
    const client = await server.connect();
    client.send(get('/'));
    await until(() => server.worker.stats().active === 1);
    const drained = server.worker.drain();
    await new Promise((resolve) => setTimeout(resolve, 20));
    slow.resolve();
    await client.closed;
    expect(client.received).toContain('\r\nConnection: close\r\n');
    expect(client.received.endsWith('done')).toBe(true);
    client.destroy();
    await drained;
  });

  test('answers what comes on a connection that was kept alive, and closes it then', async () => {
    await using server = await serve(echoPath);
    const client = await server.connect();
    client.send(get('/one'));
    await client.until('/one');
    const drained = server.worker.drain();
    server.clock.advance(1500);
    client.send(get('/two'));
    await client.closed;
    expect(client.received).toMatch(/Connection: close\r\n[^]*\/two$/);
    client.destroy();
    await drained;
  });

  test('closes idle connections after their grace, without a word', async () => {
    await using server = await serve(echoPath);
    const client = await server.connect();
    client.send(get('/one'));
    await client.until('/one');
    server.clock.advance(50_000);
    const drained = server.worker.drain();
    server.clock.advance(1900);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(server.worker.stats().connections).toBe(1);
    server.clock.advance(300);
    await client.closed;
    expect(statusesOf(client.received)).toEqual([200]);
    client.destroy();
    await drained;
  });

  test('cuts off what is left after graceMs', async () => {
    await using server = await serve(() => new Promise(() => undefined));
    const client = await server.connect();
    client.send(get('/'));
    await until(() => server.worker.stats().active === 1);
    const drained = server.worker.drain(5000);
    await new Promise((resolve) => setTimeout(resolve, 20));
    server.clock.advance(4900);
    expect(server.worker.stats().active).toBe(1);
    server.clock.advance(200);
    await drained;
    await client.closed;
    expect(client.received).toBe('');
  });

  test('accepts no more', async () => {
    await using server = await serve(echoPath);
    await server.worker.drain();
    await expect(server.connect()).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  test('may be called twice', async () => {
    await using server = await serve(echoPath);
    await Promise.all([server.worker.drain(), server.worker.drain()]);
  });

  test('serves what had connected before, though it was not accepted yet', async () => {
    await using server = await serve(echoPath);
    await withBlockedLoop(server.port, 40, 'wait', async (exited) => {
      expect(server.worker.stats().requests).toBe(0);
      const drained = server.worker.drain();
      expect(await exited).toBe('40 answered, 0 lost');
      await drained;
    });
  });
});

describe('retire', () => {
  const app = (step: () => Promise<void>): Parameters<typeof serve>[0] =>
    async function (environ, start) {
      if (environ.PATH_INFO === '/tunnel') {
        const { socket } = (environ['highball.upgrade'] as () => UpgradedConnection)();
        socket
          .on('data', (bytes: Buffer) => socket.write(`again ${String(bytes)}`))
          .on('error', () => undefined);
        socket.on('end', () => socket.end());
        socket.write('open');
        return [];
      }
      if (environ.PATH_INFO === '/wait') return new Promise<never>(() => undefined);
      start('200 OK', []);
      return (async function* () {
        for (let index = 0; ; index++) {
          yield `part ${index};`;
          await step();
        }
      })();
    };

  /** Time that passes while something is written: what is due looks at both. */
  const pass = async (server: Awaited<ReturnType<typeof serve>>, ms: number): Promise<void> => {
    server.clock.advance(ms);
    await new Promise((resolve) => setTimeout(resolve, 20));
  };

  async function retired() {
    let next = deferred();
    const server = await serve(app(() => next.promise));
    const open = async (path: string, ...fields: string[]) => {
      const client = await server.connect();
      client.send(get(path, ...fields));
      return client;
    };
    const tunnel = await open('/tunnel', 'Connection: upgrade', 'Upgrade: x');
    await tunnel.until('open');
    const stream = await open('/stream');
    await stream.until('part 0;');
    const waiting = await open('/wait');
    await until(() => server.worker.stats().active === 2);
    const left = server.worker.retire(5000);
    await pass(server, 0);
    /** Lets the stream write its next part. */
    const step = async (index: number): Promise<void> => {
      const last = next;
      next = deferred();
      last.resolve();
      await stream.until(`part ${index};`);
    };
    return {
      server,
      tunnel,
      stream,
      waiting,
      left,
      step,
      [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
    };
  }

  test('keeps tunnels and answers that go on, and cuts requests without an answer after graceMs', async () => {
    await using parts = await retired();
    const { server, tunnel, stream, waiting, left, step } = parts;
    await step(1);
    await pass(server, 4900);
    expect(server.worker.stats().connections).toBe(3);
    await pass(server, 200);
    await waiting.closed;
    expect(server.worker.stats().connections).toBe(2);
    await step(2);
    await pass(server, 5100);
    await step(3);
    // Nothing was written for as long as a request may take.
    await pass(server, 5100);
    await pass(server, 5100);
    await stream.closed;
    tunnel.send('here');
    await tunnel.until('again here');
    tunnel.end();
    await left;
    expect(server.worker.stats().connections).toBe(0);
  });

  test('a drain that follows cuts all of it after its own time', async () => {
    await using parts = await retired();
    const { server, tunnel, stream, left, step } = parts;
    await step(1);
    await pass(server, 5100);
    const drained = server.worker.drain(1000);
    await step(2);
    await pass(server, 900);
    expect(server.worker.stats().connections).toBe(2);
    await pass(server, 200);
    await Promise.all([drained, left, tunnel.closed, stream.closed]);
  });

  test('a drain under way is not prolonged by it', async () => {
    await using server = await serve(app(() => new Promise(() => undefined)));
    const tunnel = await server.connect();
    tunnel.send(get('/tunnel', 'Connection: upgrade', 'Upgrade: x'));
    await tunnel.until('open');
    const drained = server.worker.drain(1000);
    void server.worker.retire(5000);
    await pass(server, 0);
    await pass(server, 1100);
    await Promise.all([drained, tunnel.closed]);
  });
});

describe('close', () => {
  test('stops at once, also what is under way', async () => {
    await using server = await serve(() => new Promise(() => undefined));
    const client = await server.connect();
    client.send(get('/'));
    await until(() => server.worker.stats().active === 1);
    await server.worker.close();
    await client.closed;
    expect(server.worker.stats()).toMatchObject({ connections: 0, active: 0 });
    await expect(server.connect()).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });
});

describe('close, where something is not the worker’s any more', () => {
  test('closes connections that applications have taken over', async () => {
    await using server = await serve((environ) => {
      (environ['highball.upgrade'] as () => UpgradedConnection)().socket.write('taken');
      return [];
    });
    const client = await server.connect();
    client.send(get('/', 'Connection: upgrade', 'Upgrade: x'));
    await client.until('taken');
    expect(server.worker.stats().connections).toBe(1);
    await server.worker.close();
    await client.closed;
  });

  test('ends a drain that is under way', async () => {
    await using server = await serve(() => new Promise(() => undefined));
    const client = await server.connect();
    client.send(get('/'));
    await until(() => server.worker.stats().active === 1);
    const drained = server.worker.drain();
    await new Promise((resolve) => setTimeout(resolve, 20));
    await Promise.all([drained, server.worker.close()]);
  });
});

test('a connection that was reset before it was accepted has no address, and is not served', async () => {
  await using server = await serve(echoPath);
  await withBlockedLoop(server.port, 20, 'reset', async (exited) => {
    await exited;
    await until(() => server.worker.stats().connections === 0);
    expect(server.worker.stats().requests).toBe(0);
  });
});

describe('stats', () => {
  test('tell connections, requests, and what runs the longest', async () => {
    await using server = await serve(async (environ, start) => {
      if (environ.PATH_INFO === '/slow') await new Promise(() => undefined);
      start('200 OK', []);
      return ['x'];
    });
    const clients = [await server.connect(), await server.connect(), await server.connect()];
    clients[0]?.send(get('/slow?first'));
    await until(() => server.worker.stats().active === 1);
    server.clock.advance(2500);
    clients[1]?.send(get('/slow?second'));
    clients[2]?.send(get('/fast'));
    await clients[2]?.until('\r\n\r\nx');
    const stats = server.worker.stats();
    expect(stats).toMatchObject({ connections: 3, waiting: 0, active: 2, requests: 3 });
    expect(stats.current.map(({ method, path }) => `${method} ${path}`)).toEqual([
      'GET /slow?first',
      'GET /slow?second',
    ]);
    expect((stats.current[1]?.since ?? 0) - (stats.current[0]?.since ?? 0)).toBe(2500);
    expect(Math.abs((stats.current[1]?.since ?? 0) - Date.now())).toBeLessThan(5000);
  });
});

describe('options', () => {
  test.each([
    ['keepAliveTimeoutMs', -1],
    ['headTimeoutMs', 0],
    ['writeTimeoutMs', Number.NaN],
    ['workerConnections', 0],
  ])('%s cannot be %s', (name, value) => {
    expect(() => createWorker(echoPath, { [name]: value })).toThrow(
      expect.objectContaining({ code: 'BAD_OPTION' }),
    );
    expect(() => createWorker(echoPath, { [name]: value })).toThrow(name);
  });

  test('serverName cannot split a response', () => {
    expect(() => createWorker(echoPath, { serverName: 'a\r\nb' })).toThrow(/Server/);
  });
});

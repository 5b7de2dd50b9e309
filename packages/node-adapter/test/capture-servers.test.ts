import { freePort, Program, temporaryFolder } from '@highball/testkit';
import { once } from 'node:events';
import { copyFile, symlink } from 'node:fs/promises';
import { createServer, Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, connect, createServer as createNetServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { type Capture, captureServers, type CaptureOptions } from '../src/index.ts';
import { serve } from './support.ts';

let restore: (() => void) | undefined;

async function capture<Module>(
  load: () => Promise<Module>,
  options?: CaptureOptions<Module>,
): Promise<Capture<Module>> {
  const caught = await captureServers(load, options);
  restore = () => caught.restore();
  return caught;
}

afterEach(() => {
  restore?.();
  restore = undefined;
});

describe.each([
  ['express', 'Hello World!'],
  ['koa', 'Hello World'],
  ['fastify', '{"hello":"world"}'],
  ['node', 'Hello, World!\n'],
  ['hono', 'Hello Node.js!'],
])('the hello-world of the documentation, %s', (name, body) => {
  test('runs word for word, and binds nothing', async () => {
    await using folder = await temporaryFolder();
    const program = join(folder.path, name === 'hono' ? 'program.mjs' : 'program.cjs');
    // Kept as text, so that no formatter changes them.
    await copyFile(`${import.meta.dirname}/programs/${name}.txt`, program);
    await symlink(`${import.meta.dirname}/../../../node_modules`, join(folder.path, 'node_modules'));
    const runner = `${import.meta.dirname}/run-program.ts`;
    await using running = new Program(process.execPath, ['-C', '@highball/source', runner, program]);
    const [, port] = await running.until(/asked \{"port":3000.*serving on (\d+)\./);
    expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toBe(body);
    expect(running.stderr).not.toContain('warned');
    if (name === 'express') expect(running.stdout).toContain('Example app listening on port 3000');
  });
});

describe('a captured server', () => {
  test('believes that it listens', async () => {
    const port = await freePort();
    const events: string[] = [];
    const { module: server, captured } = await capture(async () => {
      const made = createServer((_req, res) => res.end('captured'));
      made.on('listening', () => events.push(`listening ${made.listening}`));
      return made.listen(port, '127.0.0.1', () => events.push('callback'));
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect(events.toSorted()).toEqual(['callback', 'listening true']);
    expect(server?.address()).toEqual({ address: '127.0.0.1', family: 'IPv4', port });
    expect(captured?.asked).toEqual({ port, host: '127.0.0.1' });
    const socket = connect(port, '127.0.0.1');
    const [error] = (await once(socket, 'error')) as [Error & { code: string }];
    expect(error.code).toBe('ECONNREFUSED');
    await using served = await serve(captured!.application);
    expect(await (await fetch(served.url)).text()).toBe('captured');
  });

  test('closes, once', async () => {
    const { module: server, captured } = await capture(async () => createServer().listen(0));
    const closed = once(server as Server, 'close');
    await new Promise<void>((resolve) => server?.close(() => resolve()));
    await Promise.all([closed, captured?.closed]);
    expect([server?.listening, server?.address()]).toEqual([false, null]);
    const again = await new Promise<Error | undefined>((resolve) => server?.close(resolve));
    expect(again).toMatchObject({ code: 'ERR_SERVER_NOT_RUNNING' });
  });

  test.each([
    ['a path', ['/run/app.sock'], { path: '/run/app.sock' }, '/run/app.sock'],
    [
      'options',
      [{ port: 8080, host: '::1' }],
      { port: 8080, host: '::1' },
      { address: '::1', family: 'IPv6', port: 8080 },
    ],
    ['a port as text', ['8080'], { port: 8080 }, { address: '::', family: 'IPv6', port: 8080 }],
    ['nothing', [], { port: 0 }, { address: '::', family: 'IPv6', port: 0 }],
  ])('may ask for %s', async (_name, args, asked, address) => {
    const { module: server, captured } = await capture(async () =>
      createServer().listen(...(args as unknown as [number])),
    );
    expect(captured?.asked).toEqual(asked);
    expect(server?.address()).toEqual(address);
  });

  test('may come after the loading', async () => {
    const { captured } = await capture(async () => {
      setTimeout(() => createServer((_req, res) => res.end('late')).listen(3000), 20);
    });
    await using served = await serve(captured!.application);
    expect(await (await fetch(served.url)).text()).toBe('late');
  });

  test('over TLS is captured with a warning', async () => {
    const warnings: string[] = [];
    const { captured } = await capture(async () => createTlsServer().listen(443), { warn: (text) => void warnings.push(text) }); // prettier-ignore
    expect(captured?.asked).toEqual({ port: 443 });
    expect(warnings[0]).toContain('TLS');
  });
});

describe('other servers', () => {
  test('on the same port are the same service; on another port they listen, with a warning', async () => {
    const warnings: string[] = [];
    const { module } = await capture(
      async () => {
        const [first, second, metrics] = [createServer(), createServer(), createServer((_req, res) => res.end('metrics'))]; // prettier-ignore
        first.listen(3000, '127.0.0.1');
        second.listen(3000, '::1');
        metrics.listen(0, '127.0.0.1');
        await once(metrics, 'listening');
        return { second, metrics };
      },
      { warn: (text) => void warnings.push(text) },
    );
    expect(module?.second.address()).toMatchObject({ port: 3000 });
    const { port } = module!.metrics.address() as AddressInfo;
    expect(await (await fetch(`http://127.0.0.1:${port}`)).text()).toBe('metrics');
    module?.metrics.close();
    expect(warnings).toHaveLength(1);
  });

  test('that speak no HTTP are left alone', async () => {
    const { module, captured } = await capture(
      async () => {
        const net = createNetServer().listen(0, '127.0.0.1');
        await once(net, 'listening');
        return net;
      },
      { awaitsServer: () => false },
    );
    expect(captured).toBeUndefined();
    expect(module?.address()).toMatchObject({ address: '127.0.0.1', family: 'IPv4' });
    module?.close();
  });
});

describe('nothing to capture', () => {
  test('ends soon after the loading', async () => {
    await expect(captureServers(async () => undefined, { listenGraceMs: 10 })).rejects.toMatchObject({
      code: 'NO_SERVER',
    });
  });

  test('a loading that hangs can be given up, before it began as well as later', async () => {
    const never = new Promise<void>(() => undefined);
    const listen = Server.prototype.listen;
    const controller = new AbortController();
    const capture = captureServers(() => never, { signal: controller.signal });
    controller.abort(new Error('given up'));
    await expect(capture).rejects.toThrow('given up');
    await expect(captureServers(() => never, { signal: controller.signal })).rejects.toThrow('given up');
    expect(Server.prototype.listen).toBe(listen);
    const server = createServer();
    const { captured, restore } = await captureServers(async () => server.listen(1));
    restore();
    expect(captured?.server).toBe(server);
  });

  test('ends at the deadline, while the loading goes on', async () => {
    const never = new Promise<void>(() => undefined);
    await expect(captureServers(() => never, { timeoutMs: 10 })).rejects.toMatchObject({ code: 'NO_SERVER' });
  });

  test('ends at the deadline', async () => {
    await expect(captureServers(async () => 1, { timeoutMs: 10 })).rejects.toMatchObject({
      code: 'NO_SERVER',
    });
  });

  test('passes on what the loading throws, and lets servers listen again', async () => {
    await expect(captureServers(() => Promise.reject(new Error('syntax')))).rejects.toThrow('syntax');
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    expect((server.address() as AddressInfo).port).toBeGreaterThan(0);
    server.close();
  });

  test('is not captured twice at a time', async () => {
    const first = captureServers(async () => createServer().listen(0));
    await expect(captureServers(async () => 1)).rejects.toMatchObject({ code: 'CAPTURE_TWICE' });
    (await first).restore();
  });
});

import { highball, RawClient, temporaryFolder } from '@highball/testkit';
import { copyFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';

const programs = join(import.meta.dirname, 'fixtures/frameworks');

/** Runs `highball serve` on a program, and says where it listens. */
async function serve(
  program: string,
  ...options: string[]
): Promise<{ server: ReturnType<typeof highball>; port: number }> {
  const args = ['serve', program, '-b', '127.0.0.1:0', '-w', '1', ...options];
  const server = highball(args, { cwd: programs });
  const [, port] = await server.until(/serves http:\/\/127\.0\.0\.1:(\d+)/);
  return { server, port: Number(port) };
}

async function text(port: number, path: string): Promise<string> {
  return (await fetch(`http://127.0.0.1:${port}${path}`)).text();
}

describe('the hello-world of its documentation, word for word', () => {
  test.each([
    ['express.cjs', 'Hello World!'],
    ['koa.cjs', 'Hello World'],
    ['fastify.cjs', '{"hello":"world"}'],
    ['hono.mjs', 'Hello Node.js!'],
    ['node.cjs', 'Hello, World!\n'],
  ])('%s', async (program, expected) => {
    await using folder = await temporaryFolder();
    // Text to the repository's linter; a program where its framework is installed.
    await copyFile(join(import.meta.dirname, `fixtures/hello/${program}.txt`), join(folder.path, program));
    await symlink(join(import.meta.dirname, '../../../node_modules'), join(folder.path, 'node_modules'));
    const { server, port } = await serve(join(folder.path, program));
    await using _ = server;
    expect(await text(port, '/')).toBe(expected);
  });
});

describe.each(['express.mjs', 'koa.mjs', 'fastify.mjs', 'hono.mjs', 'node.mjs', 'asgi.ts'])(
  '%s',
  (program) => {
    test('streams, takes uploads, and learns that a client has left', async () => {
      const { server, port } = await serve(program);
      await using _ = server;
      const client = await RawClient.connect(port);
      client.send('GET /stream HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
      // What is sent first does not wait for what is sent last.
      expect(await client.until('first\n')).not.toContain('last\n');
      await client.until('last\n');
      client.destroy();

      const body = Buffer.alloc(3_000_000, 'x');
      const headers = { 'Content-Type': 'application/octet-stream' };
      const upload = await fetch(`http://127.0.0.1:${port}/upload`, { method: 'POST', body, headers });
      expect(await upload.json()).toEqual({ bytes: body.length });

      const leaving = await RawClient.connect(port);
      leaving.send('GET /forever HTTP/1.1\r\nHost: a\r\n\r\n');
      await leaving.until(/tick\n[^]*tick\n/);
      leaving.socket.resetAndDestroy();
      await expect.poll(() => text(port, '/left'), { timeout: 5000 }).toBe('{"left":1}');
    });
  },
);

test('an application of the event shape is told of its start and of its end', async () => {
  const { server, port } = await serve('asgi.ts');
  await using _ = server;
  expect(server.stdout).toContain('the application starts');
  await text(port, '/left');
  expect(server.stdout).not.toContain('the application stops');
  await server.stop();
  expect(server.stdout).toContain('the application stops');
});

test('an application of the event shape speaks WebSocket', async () => {
  const { server, port } = await serve('asgi.ts');
  await using _ = server;
  const socket = new WebSocket(`ws://127.0.0.1:${port}/`);
  const heard: unknown[] = [];
  const closed = new Promise<unknown>((resolve) => {
    socket.addEventListener('close', ({ code, reason }) => resolve([code, reason]));
  });
  socket.addEventListener('message', ({ data }) => {
    heard.push(data);
    socket.send('stop');
  });
  socket.addEventListener('open', () => socket.send('chin'));
  expect(await closed).toEqual([4000, 'enough']);
  expect(heard).toEqual(['chin chin']);
});

test('a Fastify application may listen late, and its plugins are closed at the end', async () => {
  const { server, port } = await serve('fastify-closes.mjs');
  await using _ = server;
  expect(await text(port, '/')).toBe('open');
  await server.stop();
  expect(server.stdout).toContain('the plugin is closed');
});

describe('what could be two things is refused in one line', () => {
  test.each([
    ['export default (req, res) => res.end()', /takes \(req, res\): .*--interface node/],
    ['export default function app(request, response) {}', /takes \(request, response\): .*--interface node/],
    ['export default (a, b, c) => {}', /takes 3 parameters: .*--interface asgi.*--interface node/],
    ['export default (request) => new Response()', /takes one parameter: .*--interface fetch/],
    ['export default 5', /is no application but number/],
  ])('%s', async (source, message) => {
    await using folder = await temporaryFolder();
    await writeFile(join(folder.path, 'app.mjs'), source);
    const server = highball(['serve', 'app.mjs', '-b', '127.0.0.1:0', '-w', '1'], { cwd: folder.path });
    expect(await server.exited).toBe(4);
    expect(server.stderr.trim().split('\n').at(-1)).toMatch(message);
  });
});

test.each([
  ['node', 'export default (req, res) => res.end(`plain ${req.url}`)'],
  ['fetch', "export default (request) => new Response('plain ' + new URL(request.url).pathname)"],
])('--interface %s says how a plain function is called', async (kind, source) => {
  await using folder = await temporaryFolder();
  await writeFile(join(folder.path, 'app.mjs'), source);
  const args = ['serve', 'app.mjs', '-b', '127.0.0.1:0', '-w', '1', '--interface', kind];
  await using server = highball(args, { cwd: folder.path });
  const [, port] = await server.until(/serves http:\/\/127\.0\.0\.1:(\d+)/);
  expect(await text(Number(port), '/path')).toBe('plain /path');
});

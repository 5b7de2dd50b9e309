import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { Program } from '@highball/testkit';

/** How long a start, a reload and a stop may each take on a busy machine. */
const PATIENCE_MS = 30_000;

const TYPESCRIPT = `import type { Application } from '@highball/gateway-protocol';
export const app: Application = (environ, startResponse) => {
  startResponse('200 OK', [['Content-Type', 'text/plain']]);
  return ['Hello from ' + environ.PATH_INFO];
};
`;
// What Node itself cannot strip.
const ENUM = `enum Word { Hello = 'Hello' }
export const app = (environ: { PATH_INFO: string }, startResponse: (status: string, headers: []) => void): string[] => {
  startResponse('200 OK', []);
  return [Word.Hello + ' from ' + environ.PATH_INFO];
};
`;
const LISTENS = `import { createServer } from 'node:http';
createServer((request, response) => response.end('Hello from ' + request.url)).listen(3000);
`;
const SITE = `import { webSocket } from '@highball/websocket';
import { app as hello } from './app.ts';
import type { Application } from '@highball/gateway-protocol';
const echo: Application = webSocket(async (connection) => {
  for await (const message of connection) await connection.send('echo of ' + String(message));
});
export const app: Application = (environ, startResponse) =>
  environ.PATH_INFO === '/echo' ? echo(environ, startResponse) : hello(environ, startResponse);
`;
const CONFIG = `import { defineConfig } from 'highball';
export default defineConfig({
  upstreams: { site: { app: './site.ts:app', instances: 2 } },
  routes: [{ path: '/static/*file', static: './public', prefix: '/static' }, { proxy: 'site' }],
});
`;

/** A command in a Node, and the folder from which it is called. */
export interface Server {
  node: string;
  /** The script of the command `highball`. */
  bin: string;
  folder: string;
}

/** Serves applications of several kinds, and a site through the whole stack; throws at the first fault. */
export async function tryServer(server: Server): Promise<void> {
  const { folder } = server;
  mkdirSync(join(folder, 'public'), { recursive: true });
  const files = {
    'app.ts': TYPESCRIPT,
    'enum.ts': ENUM,
    'listens.js': LISTENS,
    'site.ts': SITE,
    'highball.config.ts': CONFIG,
    'public/file.txt': 'a file',
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);

  await serve(server, ['serve', 'app.ts:app', '-w', '2'], hello);
  await serve(server, ['serve', 'app.ts:app', '--worker-class', 'threads', '--threads', '2'], hello);
  await serve(server, ['serve', 'enum.ts:app'], hello);
  await serve(server, ['serve', 'listens.js'], hello);
  await serve(server, ['dev', 'app.ts:app'], hello);
  await serve(server, ['run'], async (address, program) => {
    await hello(address);
    assert.equal(await text(`${address}/static/file.txt`), 'a file');
    assert.equal(await echo(`${address.replace('http', 'ws')}/echo`), 'echo of chin chin');
    await reload(address, program, join(folder, 'app.ts'));
  });
}

/** Runs the command while something is tried on it: it has to warn of nothing, and to stop when it is told to. */
async function serve(
  { node, bin, folder }: Server,
  args: readonly string[],
  attempt: (address: string, program: Program) => Promise<void>,
): Promise<void> {
  await using program = new Program(node, [bin, ...args, '-b', '127.0.0.1:0'], { cwd: folder });
  const [address] = await program.until(/http:\/\/[\d.]+:\d+/, PATIENCE_MS);
  await attempt(address, program).catch((cause: unknown) => {
    throw new Error(`highball ${args.join(' ')}:\n${program.output}`, { cause });
  });
  await program.stop(PATIENCE_MS);
  assert.equal(await program.exited, 0, program.output);
  // `Warning` begins what Node itself says of features that are experimental or will go.
  assert.doesNotMatch(program.output, /Warning:/);
}

async function hello(address: string): Promise<void> {
  assert.equal(await text(`${address}/a/stranger`), 'Hello from /a/stranger');
}

async function text(url: string): Promise<string> {
  return (await fetch(url, { headers: { connection: 'close' } })).text();
}

/** What comes back over a WebSocket. */
function echo(url: string): Promise<unknown> {
  const socket = new WebSocket(url);
  return new Promise((resolve, reject) => {
    socket.addEventListener('open', () => socket.send('chin chin'));
    socket.addEventListener('message', ({ data }) => (resolve(data), socket.close()));
    socket.addEventListener('close', ({ code }) => reject(new Error(`the WebSocket was closed: ${code}`)));
  });
}

/** New code answers after a HUP, and until then the old. */
async function reload(address: string, program: Program, file: string): Promise<void> {
  writeFileSync(file, TYPESCRIPT.replace('Hello', 'Goodbye'));
  program.signal('SIGHUP');
  for (const deadline = performance.now() + PATIENCE_MS; ; await setTimeout(50)) {
    const answer = await text(`${address}/`);
    if (answer === 'Goodbye from /') return;
    assert.equal(answer, 'Hello from /');
    assert(performance.now() < deadline, 'the reload takes too long');
  }
}

/**
 * What the gateway replaced: requests per second of the same answer from a CGI program, a process a request, and from
 * a gateway application in the worker's own process; alternating in one run.
 *
 *     node -C @highball/source bench/hello.ts [rounds] [seconds]
 */
import { createWorker } from '@highball/async-worker';
import type { Application } from '@highball/gateway-protocol';
import { findPeer, temporaryFolder } from '@highball/testkit';
import { execFile } from 'node:child_process';
import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { cgi } from '../src/index.ts';

const [rounds = 3, seconds = 2] = process.argv.slice(2).map(Number);
const CONNECTIONS = 8;
const wrk = findPeer('wrk');
if (wrk === undefined) throw new Error('this bench needs wrk (Debian: apt-get install wrk)');

await using folder = await temporaryFolder();
const scripts = {
  'CGI, sh': `#!/bin/sh\nprintf 'Content-Type: text/plain\\n\\nHello, World!'\n`,
  'CGI, python3': `#!/usr/bin/env python3\nprint("Content-Type: text/plain\\n\\nHello, World!", end="")\n`,
  'CGI, node': `#!${process.execPath}\nprocess.stdout.write('Content-Type: text/plain\\n\\nHello, World!')\n`,
};
const applications = new Map<string, Application>([
  [
    'gateway application',
    (_environ, startResponse) => {
      startResponse('200 OK', [['Content-Type', 'text/plain']]);
      return ['Hello, World!'];
    },
  ],
]);
for (const [index, [name, text]] of Object.entries(scripts).entries()) {
  const file = join(folder.path, String(index));
  await writeFile(file, text);
  await chmod(file, 0o755);
  applications.set(name, cgi(file, { maxProcesses: CONNECTIONS }));
}

const servers = await Promise.all(
  [...applications].map(async ([name, app]) => {
    const worker = createWorker(app);
    const { port } = (await worker.listen({ port: 0 })) as { port: number };
    return { name, worker, port, best: 0 };
  }),
);
for (let round = 0; round <= rounds; round++) {
  for (const server of servers) {
    const rate = await load(server.port);
    // The first round warms all up.
    if (round > 0) server.best = Math.max(server.best, rate);
  }
}
for (const { worker } of servers) await worker.close();
const gateway = servers[0]?.best ?? Number.NaN;
console.table(
  Object.fromEntries(
    servers.map(({ name, best }) => [
      name,
      {
        'requests/s (best)': Number(best.toFixed(best < 100 ? 1 : 0)),
        'of the gateway': Number((best / gateway).toFixed(5)),
      },
    ]),
  ),
);

async function load(port: number): Promise<number> {
  const { stdout } = await promisify(execFile)(wrk as string, [
    '-t1',
    `-c${CONNECTIONS}`,
    `-d${seconds}s`,
    '--timeout',
    '10s',
    `http://127.0.0.1:${port}/`,
  ]);
  if (/Non-2xx|Socket errors/.test(stdout)) throw new Error(stdout);
  return Number(/Requests\/sec:\s+([\d.]+)/.exec(stdout)?.[1]);
}

/**
 * What a normal user feels while slow clients attack: slow heads (slowloris), slow bodies and slow readers, by
 * slowhttptest, against the worker, node:http and nginx. On the loopback, 1000 connections, ten seconds each.
 *
 *     node -C @highball/source bench/slow-clients.ts
 */
import { findPeer, missingPeers, temporaryFolder } from '@highball/testkit';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { get } from 'node:http';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { startServer } from './support.ts';

const missing = missingPeers('nginx', 'slowhttptest');
if (missing !== undefined) throw new Error(`this bench ${missing}`);

const SECONDS = 10;
const COMMON = ['-c', '1000', '-r', '500', '-l', String(SECONDS), '-p', '2', '-v', '0'];
/** slowhttptest's own flags for each attack. */
const ATTACKS: Readonly<Record<string, readonly string[]>> = {
  'slow heads': ['-H', '-i', '2', '-x', '10'],
  'slow bodies': ['-B', '-i', '2', '-x', '10', '-s', '8192'],
  'slow readers': ['-X', '-n', '1', '-z', '32', '-w', '64', '-y', '128', '-k', '1'],
};

interface Target {
  readonly name: string;
  readonly port: number;
  stop(): Promise<unknown>;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

/** nginx with one worker, the same answers, and its own deadlines. */
async function startNginx(folder: string): Promise<Target> {
  const port = await freePort();
  await writeFile(join(folder, 'big'), Buffer.alloc(1_048_576, 'x'));
  const config = `worker_processes 1; error_log /dev/null; pid ${folder}/pid; daemon off;
events { worker_connections 16000; }
http { access_log off; client_body_temp_path ${folder}/b; proxy_temp_path ${folder}/p; fastcgi_temp_path ${folder}/f;
  uwsgi_temp_path ${folder}/u; scgi_temp_path ${folder}/s;
  server { listen 127.0.0.1:${port}; root ${folder}; location = / { return 200 'Hello, World!'; } } }`;
  await writeFile(join(folder, 'nginx.conf'), config);
  const child = spawn(findPeer('nginx') as string, ['-c', join(folder, 'nginx.conf'), '-p', folder], {
    stdio: 'ignore',
  });
  await wait(500);
  return {
    name: 'nginx',
    port,
    stop: async () => {
      child.kill('SIGQUIT');
      await once(child, 'exit');
    },
  };
}

/** Asks like a person who comes now and then; says how long the answers took, in milliseconds. */
async function normalUser(port: number, until: number): Promise<{ times: number[]; failed: number }> {
  const times: number[] = [];
  let failed = 0;
  while (performance.now() < until) {
    const begun = performance.now();
    const ok = await new Promise<boolean>((resolve) => {
      const request = get({ port, host: '127.0.0.1', agent: false, timeout: 2000 }, (response) => {
        response
          .resume()
          .once('end', () => resolve(response.statusCode === 200))
          .once('error', () => resolve(false));
      });
      request.once('timeout', () => request.destroy()).once('error', () => resolve(false));
    });
    if (ok) times.push(performance.now() - begun);
    else failed++;
    await wait(20);
  }
  return { times: times.toSorted((a, b) => a - b), failed };
}

function report(what: string, { times, failed }: { times: number[]; failed: number }): void {
  const at = (share: number): string => (times[Math.floor(times.length * share)] ?? Number.NaN).toFixed(1);
  console.log(
    `| ${what} | ${times.length} | ${failed} | ${at(0.5)} | ${at(0.99)} | ${(times.at(-1) ?? Number.NaN).toFixed(1)} |`,
  );
}

await using folder = await temporaryFolder();
const own = async (name: string): Promise<Target> => ({ name, ...(await startServer(name)) });
const targets = [await own('highball'), await own('node-http'), await startNginx(folder.path)];
console.log(
  '| server, attack | answered | failed | median ms | p99 ms | worst ms |\n| --- | ---: | ---: | ---: | ---: | ---: |',
);
for (const target of targets) {
  report(`${target.name}, none`, await normalUser(target.port, performance.now() + 3000));
  for (const [attack, flags] of Object.entries(ATTACKS)) {
    const path = attack === 'slow readers' ? '/big' : '/';
    const attacker = spawn(
      findPeer('slowhttptest') as string,
      [...flags, ...COMMON, '-u', `http://127.0.0.1:${target.port}${path}`],
      { stdio: 'ignore' },
    );
    const gone = once(attacker, 'exit');
    // Once its connections are open.
    await wait(2500);
    report(
      `${target.name}, ${attack}`,
      await normalUser(target.port, performance.now() + (SECONDS - 4) * 1000),
    );
    const timer = setTimeout(() => attacker.kill('SIGKILL'), 10_000);
    await gone;
    clearTimeout(timer);
  }
}
await Promise.all(targets.map((target) => target.stop()));

/**
 * What slow clients do to a normal user: slowhttptest attacks the worker, node:http and nginx, one after the other,
 * with unfinished heads (slowloris), slow bodies and slow reads, while one user asks for a small page on a new
 * connection again and again. Prints a table in Markdown. Runs in a network of its own: see own-network.ts.
 *
 *     node -C @highball/source bench/slow-clients.ts [seconds]
 */
import { findPeer, missingPeers } from '@highball/testkit';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { startNginx } from './nginx.ts';
import { enterOwnNetwork } from './own-network.ts';
import { startServer } from './support.ts';
import { askRepeatedly, type Latencies } from './user.ts';

const [seconds = 10] = process.argv.slice(2).map(Number);
const missing = missingPeers('slowhttptest', 'nginx');
if (missing !== undefined) throw new Error(missing);
enterOwnNetwork();

interface Attack {
  readonly name: string;
  readonly path: string;
  readonly connections: number;
  /** See the manual page of slowhttptest. */
  readonly options: readonly string[];
}

/** 900 connections are fewer than the worker has places for, by default; 3000 are three times as many. */
const attacks: readonly (Attack | undefined)[] = [
  undefined,
  { name: 'slowloris', path: '/', connections: 900, options: ['-H', '-i', '2'] },
  { name: 'slowloris', path: '/', connections: 3000, options: ['-H', '-i', '2'] },
  { name: 'slow body', path: '/upload', connections: 900, options: '-B -i 2 -s 8192 -x 10'.split(' ') },
  { name: 'slow read', path: '/large', connections: 900, options: '-X -w 10 -y 20 -n 5 -z 32'.split(' ') },
  { name: 'slow read', path: '/large', connections: 3000, options: '-X -w 10 -y 20 -n 5 -z 32'.split(' ') },
];

interface Target {
  readonly port: number;
  memory(): Promise<{ rss: number }>;
  stop(): Promise<void>;
}

const targets: Record<string, () => Promise<Target>> = {
  'async-worker': () => startServer('slow-clients-highball'),
  'node:http': () => startServer('slow-clients-node-http'),
  nginx: startNginx,
};

/** In this time an attack opens its connections. */
const RAMP_SECONDS = 3;

console.log(
  '| attack | server | requests of the user | failed | median ms | p99 ms | slowest ms | memory MB |',
);
console.log('|---|---|---|---|---|---|---|---|');
for (const attack of attacks) {
  for (const [name, start] of Object.entries(targets)) {
    const target = await start();
    await checkLarge(target.port);
    const attacker = attack && startAttack(attack, target.port);
    await new Promise((resolve) => setTimeout(resolve, RAMP_SECONDS * 1000));
    const latencies = await askRepeatedly(target.port, seconds - RAMP_SECONDS - 1);
    const { rss } = await target.memory();
    await attacker?.stop();
    await target.stop();
    console.log(
      row(attack ? `${attack.name}, ${attack.connections} connections` : 'none', name, latencies, rss),
    );
  }
}

/** Slow readers of an error page would measure nothing. */
async function checkLarge(port: number): Promise<void> {
  const answer = await fetch(`http://127.0.0.1:${port}/large`);
  const { byteLength } = await answer.arrayBuffer();
  if (!answer.ok || byteLength < 8_000_000)
    throw new Error(`/large is ${answer.status}, ${byteLength} bytes`);
}

function startAttack(attack: Attack, port: number): { stop(): Promise<unknown> } {
  const { path, connections, options } = attack;
  const rate = Math.ceil(connections / (RAMP_SECONDS - 1));
  const load = ['-c', String(connections), '-r', String(rate), '-l', String(seconds), '-p', '3'];
  const args = [...options, ...load, '-u', `http://127.0.0.1:${port}${path}`];
  const attacker = spawn(findPeer('slowhttptest') as string, args, { stdio: 'ignore' });
  // It may end by itself, before it is told to.
  const exited = once(attacker, 'exit');
  return {
    stop: () => {
      attacker.kill('SIGKILL');
      return exited;
    },
  };
}

function row(attack: string, name: string, { sorted, failed }: Latencies, rss: number): string {
  const at = (part: number): string => (sorted[Math.floor(sorted.length * part)] ?? Number.NaN).toFixed(1);
  const slowest = (sorted.at(-1) ?? Number.NaN).toFixed(1);
  const cells = [
    attack,
    name,
    sorted.length,
    failed,
    at(0.5),
    at(0.99),
    slowest,
    (rss / 1_048_576).toFixed(0),
  ];
  return `| ${cells.join(' | ')} |`;
}

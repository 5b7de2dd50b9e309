/**
 * What slow clients do to a normal user: slowhttptest attacks the worker, node:http and nginx, one after the other,
 * with unfinished heads (slowloris), slow bodies and slow reads, while one user asks for a small page on a new
 * connection again and again. Prints a table in Markdown.
 *
 *     node -C @highball/source bench/slow-clients.ts [connections] [seconds]
 */
import { findPeer, missingPeers } from '@highball/testkit';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { startNginx } from './nginx.ts';
import { startServer } from './support.ts';
import { askRepeatedly, type Latencies } from './user.ts';

const [connections = 2000, seconds = 10] = process.argv.slice(2).map(Number);
const missing = missingPeers('slowhttptest', 'nginx');
if (missing !== undefined) throw new Error(missing);

/** Options of slowhttptest: see its manual page. All with the path that the attack needs. */
const attacks = {
  none: undefined,
  slowloris: { path: '/', options: ['-H', '-i', '2'] },
  'slow body': { path: '/upload', options: ['-B', '-i', '2', '-s', '8192', '-x', '10'] },
  'slow read': { path: '/large', options: ['-X', '-w', '10', '-y', '20', '-n', '5', '-z', '32', '-k', '3'] },
};

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

console.log(`${connections} slow connections, ${seconds} s each\n`);
console.log(
  '| attack | server | requests of the user | failed | median ms | p99 ms | slowest ms | memory MB |',
);
console.log('|---|---|---|---|---|---|---|---|');
for (const [attack, how] of Object.entries(attacks)) {
  for (const [name, start] of Object.entries(targets)) {
    const target = await start();
    const attacker = how && startAttack(how.options, `http://127.0.0.1:${target.port}${how.path}`);
    // It may end by itself, before it is told to.
    const gone = attacker && once(attacker, 'exit');
    // The attack is at its height after a second.
    if (attacker) await new Promise((resolve) => setTimeout(resolve, 1500));
    const latencies = await askRepeatedly(target.port, attacker ? seconds - 2 : 3);
    const { rss } = await target.memory();
    attacker?.kill('SIGKILL');
    await gone;
    await target.stop();
    console.log(row(attack, name, latencies, rss));
  }
}

function startAttack(options: readonly string[], url: string): ReturnType<typeof spawn> {
  const load = ['-c', String(connections), '-r', String(connections), '-l', String(seconds), '-p', '3'];
  return spawn(findPeer('slowhttptest') as string, [...options, ...load, '-u', url], { stdio: 'ignore' });
}

function row(attack: string, name: string, { sorted, failed }: Latencies, rss: number): string {
  const at = (part: number): string => (sorted[Math.floor(sorted.length * part)] ?? Number.NaN).toFixed(1);
  const cells = [
    attack,
    name,
    sorted.length,
    failed,
    at(0.5),
    at(0.99),
    (sorted.at(-1) ?? Number.NaN).toFixed(1),
  ];
  return `| ${[...cells, (rss / 1_048_576).toFixed(0)].join(' | ')} |`;
}

/**
 * What it costs to be checked, limited and awaited: the CPU time that a server takes for a message and its echo, beside
 * ws alone on node:http, alternating in one run.
 *
 *     node -C @highball/source bench/echo.ts [rounds] [seconds]
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { WebSocket } from 'ws';
import { kinds } from './servers.ts';

const SERVE = '--serve';
const CLIENTS = 32;

if (process.argv[2] === SERVE) {
  console.log(await kinds[process.argv[3] as string]?.());
} else {
  await measure();
}

async function measure(): Promise<void> {
  const [rounds = 5, seconds = 1] = process.argv.slice(2).map(Number);
  const servers = await Promise.all(Object.keys(kinds).map(start));
  const costs: Record<string, number[]> = {};
  for (let round = 0; round <= rounds; round++) {
    for (const { name, port, cpuMs } of servers) {
      const before = cpuMs();
      const messages = await load(port, seconds);
      // The first round warms up.
      if (round > 0) (costs[name] ??= []).push(((cpuMs() - before) * 1000) / messages);
    }
  }
  for (const { stop } of servers) stop();
  const base = median(costs['ws on node:http'] ?? []);
  const rows = Object.entries(costs).map(([name, values]) => {
    const cost = median(values);
    return [
      name,
      { 'CPU µs/message (median)': Number(cost.toFixed(1)), 'of ws': Number((cost / base).toFixed(2)) },
    ];
  });
  console.table(Object.fromEntries(rows));
}

/** Plays ping-pong on some connections. @returns how many messages came back. */
async function load(port: number, seconds: number): Promise<number> {
  let messages = 0;
  const clients = Array.from({ length: CLIENTS }, () => new WebSocket(`ws://127.0.0.1:${port}/`));
  await Promise.all(clients.map((client) => once(client, 'open')));
  for (const client of clients) {
    client.on('message', (data) => {
      messages++;
      client.send(data);
    });
    client.send('x'.repeat(64));
  }
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  for (const client of clients) client.terminate();
  return messages;
}

async function start(
  name: string,
): Promise<{ name: string; port: number; cpuMs: () => number; stop: () => void }> {
  const args = ['-C', '@highball/source', import.meta.filename, SERVE, name];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  const cpuMs = (): number => {
    // utime and stime, in hundredths of a second; the name before them may hold spaces (proc_pid_stat(5)).
    const fields = readFileSync(`/proc/${child.pid}/stat`, 'latin1')
      .replace(/^.*\) /s, '')
      .split(' ');
    return (Number(fields[11]) + Number(fields[12])) * 10;
  };
  return { name, port: Number(line.toString()), cpuMs, stop: () => void child.kill() };
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}

/*
 * The chaos test: what becomes of requests while everything happens to the server that answers them.
 *
 *   npm run chaos -w apps/server -- [--seconds 20] [--seed N] [--users 24] [--workers 3] [--only kill,reload] [--stack]
 *     [-- FLAGS OF HIGHBALL SERVE]
 *   npm run chaos -w apps/server -- --respawns 1000
 *   npm run chaos -w apps/server -- --hups 100
 *
 * docs/chaos.md explains it. The exit code is 1 when a fault was found.
 */
import { parseArgs } from 'node:util';
import { formatHups, hups, isSpotless } from './hups.ts';
import { formatStorm, isFaultless } from './report.ts';
import { formatRespawns, isFlat, respawns } from './respawns.ts';
import { storm } from './storm.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seconds: { type: 'string', default: '20' },
    seed: { type: 'string', default: String(Date.now() % 100_000) },
    users: { type: 'string', default: '24' },
    workers: { type: 'string', default: '3' },
    only: { type: 'string' },
    stack: { type: 'boolean', default: false },
    respawns: { type: 'string' },
    hups: { type: 'string' },
  },
});

const say = (line: string): void => console.error(line);

async function main(): Promise<boolean> {
  if (values.hups !== undefined) {
    const reports = await hups(Number(values.hups), say);
    console.log(formatHups(reports));
    return reports.filter(({ name }) => name === 'highball').every(isSpotless);
  }
  if (values.respawns !== undefined) {
    const report = await respawns(Number(values.respawns), say);
    console.log(formatRespawns(report));
    return isFlat(report);
  }
  say(`seed ${values.seed}`);
  const report = await storm({
    seconds: Number(values.seconds),
    seed: Number(values.seed),
    users: Number(values.users),
    workers: Number(values.workers),
    stack: values.stack,
    flags: positionals,
    ...(values.only && { only: values.only.split(',') }),
    say,
  });
  console.log(formatStorm(report));
  return isFaultless(report);
}

// What was started is ended on exit, and a signal by itself is none.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));
process.exitCode = (await main()) ? 0 : 1;

import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ask } from '../answer.ts';
import type { Benchmark, Context, Outcome, Row } from '../benchmark.ts';
import { LOAD_CPU, onCpu } from '../cpu.ts';
import { detailOf, type Sample } from '../detail.ts';
import { whyMissing } from '../peers.ts';
import { requestText } from '../request.ts';
import { type RunningServer, startServer } from '../server.ts';
import { highballStatic } from '../servers/highball.ts';
import { nginxStatic } from '../servers/nginx.ts';
import { median, ratioOf } from '../statistics.ts';

const ROW: Row = {
  work: 'p99 at 80% of the own maximum, file of 1 KB',
  against: 'nginx',
  better: 'less',
  target: 1.5,
  aim: 1,
};
const PATH = '/1k.html';
const CONNECTIONS = 64;
const SHARE = 0.8;
/** Any server can do this, whatever runs beside it. */
const SMOKE_RATE = 200;

/** What programs/open-loop.ts prints. */
interface OpenLoop {
  /** Of the warm-up too. */
  readonly answers: number;
  readonly perSecond: number;
  readonly p50Us: number;
  readonly p99Us: number;
  readonly lateP99Us: number;
  readonly unsent: number;
}

/** How long answers take when requests come at times of their own, at a rate that each server can just bear. */
export const latency: Benchmark = { name: 'latency', run: compareLatency };

async function compareLatency(context: Context): Promise<Outcome> {
  const skipped = whyMissing(nginxStatic.needs);
  if (skipped !== undefined) return { rows: [{ ...ROW, skipped }], details: [], notes: [], failures: [] };
  const { folder, options } = context;
  const profile = options.profile === undefined ? {} : { profile: options.profile };
  await using ours = await startServer(highballStatic, { folder, ...profile });
  await using theirs = await startServer(nginxStatic, { folder });
  const maxima = new Map<RunningServer, number>();
  // Twice: the first time warms up.
  for (const server of options.smoke ? [] : [ours, theirs, ours, theirs])
    maxima.set(server, (await load(server, 0, context)).perSecond);
  const results = new Map<RunningServer, Result[]>([ours, theirs].map((server) => [server, []]));
  for (let round = 0; round < options.rounds; round++) {
    for (const [server, each] of results)
      each.push(await load(server, SHARE * (maxima.get(server) ?? SMOKE_RATE), context));
  }
  const p99s = (server: RunningServer): number[] => results.get(server)?.map(({ p99Us }) => p99Us) ?? [];
  const measured = { benchmark: ROW.work, load: `${CONNECTIONS} connections, browser, open loop` };
  const details = [ours, theirs].map((server) =>
    detailOf({ ...measured, server: server.name }, results.get(server) ?? []),
  );
  for (const { server, perSecond, p99Us } of details) {
    context.log(`${server}: at ${Math.round(perSecond)}/s p99 ${Math.round(p99Us)} µs`);
  }
  return {
    rows: [{ ...ROW, ratio: ratioOf(p99s(ours), p99s(theirs)) }],
    details,
    notes: [noteOf(results)],
    failures: [],
  };
}

type Result = OpenLoop & Sample;

async function load(server: RunningServer, rate: number, { options }: Context): Promise<Result> {
  const { headBytes, body } = await ask(server.port, PATH);
  const bytes = headBytes + body.length;
  const program = join(import.meta.dirname, '../programs/open-loop.ts');
  const numbers = [server.port, Math.round(rate), options.seconds, CONNECTIONS, bytes].map(String);
  const [command = '', ...args] = onCpu(LOAD_CPU, [
    process.execPath,
    program,
    ...numbers,
    requestText(PATH, 'browser'),
  ]);
  const before = { cpuMs: server.cpuMs(), at: performance.now() };
  const { stdout } = await promisify(execFile)(command, args);
  const cpuMs = server.cpuMs() - before.cpuMs;
  const result = JSON.parse(stdout) as OpenLoop;
  return {
    ...result,
    cpuUs: (cpuMs * 1000) / result.answers,
    busy: cpuMs / (performance.now() - before.at),
    residentBytes: server.residentBytes(),
    bytes,
  };
}

/** How far the load itself can be trusted. */
function noteOf(results: ReadonlyMap<RunningServer, readonly Result[]>): string {
  const late = [...results].map(
    ([{ name }, each]) => `${Math.round(median(each.map(({ lateP99Us }) => lateP99Us)))} µs (${name})`,
  );
  return `The open loop sent 99 of 100 requests no later than ${late.join(', ')} after their time.`;
}

import { setTimeout as delay } from 'node:timers/promises';
import { ask, type Answer, checkSame } from './answer.ts';
import type { Benchmark, Context, Detail, Outcome, Row } from './benchmark.ts';
import { LOAD_CPU } from './cpu.ts';
import { missing, whyMissing } from './peers.ts';
import type { Client } from './request.ts';
import { type Contender, type RunningServer, startServer } from './server.ts';
import { median, type Ratio, ratioOf } from './statistics.ts';
import { runWrk } from './wrk.ts';

/** A comparison of requests a second. */
export interface Throughput {
  readonly name: string;
  readonly work: string;
  /** Asked for in turn. */
  readonly paths: readonly string[];
  /** Asks with the tag that the server gave for the first path, so that the answer is 304. */
  readonly conditional?: boolean;
  /** Ours first; all others are compared with it. */
  readonly contenders: readonly Contender[];
  /** What is wanted, by the name of the other. */
  readonly targets: Readonly<Record<string, { readonly target?: number; readonly aim?: number }>>;
  /** Stands behind each of the contenders, on the load's CPU. */
  readonly upstream?: Contender;
}

interface Case {
  readonly connections: number;
  readonly client: Client;
}

/** What the targets are about. */
const MAIN: Case = { connections: 64, client: 'browser' };
const OTHERS: readonly Case[] = [
  { connections: 64, client: 'bare' },
  { connections: 1, client: 'browser' },
  { connections: 1000, client: 'browser' },
];
/** Of the cases that no target is about. */
const OTHERS_SECONDS = 1;
const WARM_UP_SECONDS = 1;

/** Servers take turns under the same load: the order is A B A B, so that a slow minute of the machine meets all. */
export function throughput(spec: Throughput): Benchmark {
  return { name: spec.name, run: (context) => compare(spec, context) };
}

async function compare(spec: Throughput, context: Context): Promise<Outcome> {
  const why = whyMissing(spec.upstream?.needs ?? []);
  const taking = why === undefined ? spec.contenders.filter(({ needs }) => missing(needs).length === 0) : [];
  if (taking.length < 2) {
    return {
      rows: spec.contenders.slice(1).map((each) => skippedRow(spec, each, why)),
      details: [],
      notes: [],
    };
  }
  await using servers = await startAll(spec, taking, context);
  const answers = await Promise.all(servers.running.map((server) => firstAnswers(spec, server)));
  for (const [i] of spec.paths.entries()) {
    checkSame(servers.running.map(({ name }, n) => ({ name, answer: answers[n]?.[i] as Answer })));
  }
  const cases = context.options.allCases ? [MAIN, ...OTHERS] : [MAIN];
  const details: Detail[] = [];
  let rows: Row[] = [];
  for (const each of cases) {
    const measured = await takeTurns(spec, each, servers.running, answers, context);
    details.push(...measured.map(({ detail }) => detail));
    if (each !== MAIN) continue;
    const [ours] = measured;
    const rates = new Map(measured.map(({ detail, rates }) => [detail.server, rates]));
    rows = spec.contenders.slice(1).map((other) => {
      const theirs = rates.get(other.name);
      return theirs === undefined
        ? skippedRow(spec, other)
        : rowOf(spec, other, ratioOf(ours?.rates ?? [], theirs));
    });
  }
  return { rows, details, notes: [] };
}

function rowOf(spec: Throughput, other: Contender, ratio?: Ratio): Row {
  const row: Row = { work: spec.work, against: other.name, better: 'more', ...spec.targets[other.name] };
  return ratio === undefined ? row : { ...row, ratio };
}

function skippedRow(spec: Throughput, other: Contender, why?: string): Row {
  return {
    ...rowOf(spec, other),
    skipped: why ?? whyMissing(other.needs) ?? 'there is nobody to compare with',
  };
}

interface Servers extends AsyncDisposable {
  readonly running: readonly RunningServer[];
}

async function startAll(
  spec: Throughput,
  contenders: readonly Contender[],
  { folder, options }: Context,
): Promise<Servers> {
  const stack = new AsyncDisposableStack();
  try {
    const upstream = spec.upstream && stack.use(await startServer(spec.upstream, { folder, cpus: LOAD_CPU }));
    const where = {
      folder,
      ...(upstream && { upstream: upstream.port }),
      ...(options.profile !== undefined && { profile: options.profile }),
    };
    const running = await Promise.all(
      contenders.map(async (each) => stack.use(await startServer(each, where))),
    );
    return { running, [Symbol.asyncDispose]: () => stack.disposeAsync() };
  } catch (error) {
    await stack.disposeAsync();
    throw error;
  }
}

/** What the server answers for each path; the tag of the first serves for conditional requests. */
async function firstAnswers(spec: Throughput, { port }: RunningServer): Promise<Answer[]> {
  const answers: Answer[] = [];
  for (const path of spec.paths) {
    const whole = await ask(port, path);
    answers.push(spec.conditional ? { ...(await ask(port, path, whole.etag)), ...pickTag(whole) } : whole);
  }
  return answers;
}

function pickTag({ etag }: Answer): { etag?: string } {
  return etag === undefined ? {} : { etag };
}

interface Measured {
  readonly detail: Detail;
  readonly rates: readonly number[];
}

async function takeTurns(
  spec: Throughput,
  { connections, client }: Case,
  servers: readonly RunningServer[],
  answers: readonly (readonly Answer[])[],
  { options, log }: Context,
): Promise<Measured[]> {
  const isMain = connections === MAIN.connections && client === MAIN.client;
  const seconds = isMain ? options.seconds : OTHERS_SECONDS;
  const load = `${connections} ${connections === 1 ? 'connection' : 'connections'}, ${client}`;
  const samples = servers.map((): Sample[] => []);
  const turn = async (i: number, server: RunningServer, duration: number): Promise<Sample> => {
    const etag = spec.conditional ? answers[i]?.[0]?.etag : undefined;
    const request = { connections, client, paths: spec.paths, ...(etag !== undefined && { etag }) };
    return measure(server, request, duration);
  };
  if (options.smoke) {
    // All at once: whether they run is all that is asked.
    const all = await Promise.all(servers.map((server, i) => turn(i, server, seconds)));
    for (const [i, sample] of all.entries()) samples[i]?.push(sample);
  } else {
    if (isMain) for (const [i, server] of servers.entries()) await turn(i, server, WARM_UP_SECONDS);
    for (let round = 0; round < options.rounds; round++) {
      for (const [i, server] of servers.entries()) samples[i]?.push(await turn(i, server, seconds));
    }
  }
  return servers.map((server, i) => {
    const each = samples[i] ?? [];
    const of = (key: keyof Sample): number => median(each.map((sample) => sample[key]));
    log(
      `  ${load}: ${server.name} ${Math.round(of('perSecond'))}/s, ${of('cpuUs').toFixed(1)} µs of CPU each`,
    );
    const detail: Detail = {
      benchmark: spec.work,
      load,
      server: server.name,
      perSecond: of('perSecond'),
      p50Us: of('p50Us'),
      p99Us: of('p99Us'),
      cpuUs: of('cpuUs'),
      busy: of('busy'),
      residentBytes: of('residentBytes'),
      bytes: of('bytes'),
    };
    return { detail, rates: each.map(({ perSecond }) => perSecond) };
  });
}

type Sample = Record<'perSecond' | 'p50Us' | 'p99Us' | 'cpuUs' | 'busy' | 'residentBytes' | 'bytes', number>;

/** Lets what the load before has left behind, closed connections above all, be done with. */
const PAUSE_MS = 100;

async function measure(
  server: RunningServer,
  load: Parameters<typeof runWrk>[1],
  seconds: number,
): Promise<Sample> {
  await delay(PAUSE_MS);
  const before = server.cpuMs();
  const result = await runWrk(server.port, load, seconds);
  const cpuMs = server.cpuMs() - before;
  return {
    perSecond: (result.requests / result.durationUs) * 1e6,
    p50Us: result.p50Us,
    p99Us: result.p99Us,
    cpuUs: (cpuMs * 1000) / result.requests,
    busy: (cpuMs * 1000) / result.durationUs,
    residentBytes: server.residentBytes(),
    bytes: result.bytes / result.requests,
  };
}

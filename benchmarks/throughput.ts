import { ask, type Answer, checkSame } from './answer.ts';
import type { Benchmark, Context, Detail, Outcome, Row } from './benchmark.ts';
import { LOAD_CPU } from './cpu.ts';
import { missing, whyMissing } from './peers.ts';
import { type Contender, type RunningServer, startServer } from './server.ts';
import { type Ratio, ratioOf } from './statistics.ts';
import { MAIN, type Measured, OTHERS, takeTurns } from './turns.ts';

/** A comparison of requests a second. */
export interface Throughput {
  readonly name: string;
  readonly work: string;
  /** Asked for in turn. */
  readonly paths: readonly string[];
  /** Asks with the tag that the server gave for the first path, so that the answer is 304. */
  readonly conditional?: boolean;
  /** Whether each request has another cookie than the one before. */
  readonly cookies?: boolean;
  /** Ours first; all others are compared with it. */
  readonly contenders: readonly Contender[];
  /** What is wanted, by the name of the other. */
  readonly targets: Readonly<Record<string, { readonly target?: number; readonly aim?: number }>>;
  /** Stands behind each of the contenders, on the load's CPU. */
  readonly upstream?: Contender;
}

/** Starts all contenders, makes sure that they answer the same, and compares how fast. */
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
      failures: [],
    };
  }
  await using servers = await startAll(spec, taking, context);
  const { paths, work, conditional = false, cookies = false } = spec;
  const answers = new Map<string, readonly Answer[]>();
  for (const server of servers.running) answers.set(server.name, await firstAnswers(spec, server));
  for (const [i] of paths.entries()) {
    checkSame([...answers].map(([name, each]) => ({ name, answer: each[i] as Answer })));
  }
  const details: Detail[] = [];
  const failures: string[] = [];
  let rows: readonly Row[] = [];
  for (const each of context.options.allCases ? [MAIN, ...OTHERS] : [MAIN]) {
    const measured = await takeTurns(
      { paths, work, conditional, cookies, answers },
      each,
      servers.running,
      context,
    );
    details.push(...measured.flatMap(({ detail }) => detail ?? []));
    failures.push(...measured.flatMap(({ failure }) => failure ?? []));
    if (each === MAIN) rows = spec.contenders.slice(1).map((other) => compareWith(spec, other, measured));
  }
  return { rows, details, notes: [], failures };
}

function compareWith(spec: Throughput, other: Contender, measured: readonly Measured[]): Row {
  const [ours] = measured;
  const theirs = measured.find(({ server }) => server === other.name);
  const failure = ours?.failure ?? theirs?.failure;
  if (ours === undefined || theirs === undefined || failure !== undefined)
    return skippedRow(spec, other, failure);
  return rowOf(spec, other, ratioOf(ours.rates, theirs.rates));
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

import { setTimeout as delay } from 'node:timers/promises';
import type { Answer } from './answer.ts';
import type { Context, Detail } from './benchmark.ts';
import { detailOf, type Sample } from './detail.ts';
import type { Client } from './request.ts';
import type { RunningServer } from './server.ts';
import { type Load, runWrk } from './wrk.ts';

/** One load, for all servers of a comparison. */
export interface Case {
  readonly connections: number;
  readonly client: Client;
}

/** What the targets are about. */
export const MAIN: Case = { connections: 64, client: 'browser' };
export const OTHERS: readonly Case[] = [
  { connections: 64, client: 'bare' },
  { connections: 1, client: 'browser' },
  { connections: 1000, client: 'browser' },
];
/** Of the cases that no target is about. */
const OTHERS_SECONDS = 1;
const WARM_UP_SECONDS = 1;
/** Lets what the load before has left behind, closed connections above all, be done with. */
const PAUSE_MS = 100;

/** What is asked for, of servers that have said how they answer. */
export interface Asked {
  readonly work: string;
  readonly paths: readonly string[];
  /** Whether the client has the first answer already. */
  readonly conditional: boolean;
  /** Whether each request has another cookie. */
  readonly cookies: boolean;
  /** By the name of the server, an answer a path. */
  readonly answers: ReadonlyMap<string, readonly Answer[]>;
}

/** How a server has done under a load. */
export interface Measured {
  readonly server: string;
  /** Requests a second, round by round. */
  readonly rates: readonly number[];
  readonly detail?: Detail;
  /** Why there are no figures: a server that answers with errors has none. */
  readonly failure?: string;
}

/** Loads the servers in turn: A B A B, so that a slow minute of the machine meets all. */
export async function takeTurns(
  asked: Asked,
  each: Case,
  servers: readonly RunningServer[],
  { options, log }: Context,
): Promise<Measured[]> {
  const samples = new Map(servers.map((server): [RunningServer, Sample[]] => [server, []]));
  const failures = new Map<RunningServer, string>();
  const turn = async (server: RunningServer, seconds: number): Promise<void> => {
    if (failures.has(server)) return;
    try {
      samples.get(server)?.push(await measure(server, loadOf(asked, each, server), seconds));
    } catch (error) {
      failures.set(server, (error as Error).message.split('\n')[0] ?? '');
    }
  };
  if (options.smoke) {
    // All at once: whether they run is all that is asked.
    await Promise.all(servers.map((server) => turn(server, options.seconds)));
  } else {
    if (each === MAIN) for (const server of servers) await turn(server, WARM_UP_SECONDS);
    for (const [, warm] of samples) warm.length = 0;
    for (let round = 0; round < options.rounds; round++) {
      for (const server of servers) await turn(server, each === MAIN ? options.seconds : OTHERS_SECONDS);
    }
  }
  const load = `${each.connections} ${each.connections === 1 ? 'connection' : 'connections'}, ${each.client}`;
  return [...samples].map(([server, taken]) => {
    const failure = failures.get(server);
    const { name } = server;
    const detail = detailOf({ benchmark: asked.work, load, server: name }, taken);
    log(
      `${load}: ${name} ${failure ?? `${Math.round(detail.perSecond)}/s, ${detail.cpuUs.toFixed(1)} µs of CPU each`}`,
    );
    if (failure !== undefined) return { server: name, rates: [], failure: `${name}, ${load}: ${failure}` };
    return { server: name, rates: taken.map(({ perSecond }) => perSecond), detail };
  });
}

function loadOf(
  { paths, conditional, cookies, answers }: Asked,
  { connections, client }: Case,
  { name }: RunningServer,
): Load {
  const etag = conditional ? answers.get(name)?.[0]?.etag : undefined;
  return {
    connections,
    client,
    paths,
    cookies: cookies && client === 'browser',
    ...(etag !== undefined && { etag }),
  };
}

async function measure(server: RunningServer, load: Load, seconds: number): Promise<Sample> {
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

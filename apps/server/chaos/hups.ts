import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { findPeer } from '@highball/testkit';
import { RECIPES, Rival } from './rivals.ts';
import { until } from './until.ts';

/** What reloads have cost the clients of one server. */
export interface HupReport {
  readonly name: string;
  readonly hups: number;
  readonly requests: number;
  /** Socket errors as wrk counts them. */
  readonly connect: number;
  readonly read: number;
  readonly write: number;
  readonly timeout: number;
  readonly non2xx: number;
  /** From a HUP until no old worker is left, the middle one. */
  readonly medianMs: number;
  /** Whether it still serves after a HUP for which the program was broken. */
  readonly survivesBroken: boolean;
}

const WORKERS = 2;
/** As many as the threads of gunicorn's workers: none of the servers has to let requests wait. */
const CONNECTIONS = 16;
/** Longer than any reload takes. */
const RELOAD_MS = 40_000;
/** What a broken reload does to a server it has done by then. */
const BROKEN_MS = 4000;
/** wrk counts what takes longer as an error; its own 2 s are too short for a machine with other work. */
const TIMEOUT_S = 10;

/**
 * Reloads each server that is installed so many times, under wrk.
 * @throws Error where wrk is not installed.
 */
export async function hups(count: number, say: (line: string) => void): Promise<HupReport[]> {
  const reports: HupReport[] = [];
  for (const recipe of RECIPES) {
    const rival = await Rival.start(recipe, WORKERS);
    if (!rival) {
      say(`${recipe.name} is not installed`);
      continue;
    }
    try {
      reports.push(await measure(rival, count, say));
    } finally {
      await rival.stop();
    }
  }
  return reports;
}

/** Whether the reloads have cost nothing at all. */
export function isSpotless({ connect, read, write, timeout, non2xx, survivesBroken }: HupReport): boolean {
  return connect + read + write + timeout + non2xx === 0 && survivesBroken;
}

export function formatHups(reports: readonly HupReport[]): string {
  return [
    '| server | HUPs | requests | connect errors | read errors | write errors | timeouts | not 2xx | a HUP takes | after a HUP with a broken module |',
    '| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- |',
    ...reports.map(
      ({ name, hups, requests, connect, read, write, timeout, non2xx, medianMs, survivesBroken }) =>
        `| ${[name, hups, requests, connect, read, write, timeout, non2xx, `${(medianMs / 1000).toFixed(1)} s`, survivesBroken ? 'serves on' : 'down'].join(' | ')} |`,
    ),
  ].join('\n');
}

async function measure(rival: Rival, count: number, say: (line: string) => void): Promise<HupReport> {
  const load = startWrk(rival.port);
  const times: number[] = [];
  try {
    for (let hup = 1; hup <= count; hup++) {
      times.push(await reload(rival));
      if (hup % 10 === 0) say(`${rival.name}: ${hup} HUPs`);
    }
  } finally {
    load.stop();
  }
  const counts = readWrk(await load.output);
  rival.break();
  rival.signal('SIGHUP');
  await sleep(BROKEN_MS);
  const survivesBroken = await rival.serves();
  const medianMs = times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)] ?? 0;
  return { name: rival.name, hups: count, ...counts, medianMs, survivesBroken };
}

/** Reloads, and waits until only new workers are left. */
async function reload(rival: Rival): Promise<number> {
  const old = new Set(rival.workers);
  const start = performance.now();
  rival.signal('SIGHUP');
  const replaced = (): boolean => {
    const { workers } = rival;
    return workers.length === WORKERS && !workers.some((pid) => old.has(pid));
  };
  await until(`${rival.name} reloads`, replaced, RELOAD_MS);
  return performance.now() - start;
}

/** It runs until it is stopped, and then tells what it has seen. */
function startWrk(port: number): { stop(): void; output: Promise<string> } {
  const wrk = findPeer('wrk');
  if (wrk === undefined) throw new Error('this needs wrk (Debian: apt-get install wrk)');
  const args = ['-t1', `-c${CONNECTIONS}`, '-d86400s', `--timeout`, `${TIMEOUT_S}s`];
  const child = spawn(wrk, [...args, `http://127.0.0.1:${port}/`], { stdio: ['ignore', 'pipe', 'inherit'] });
  const { promise, resolve } = Promise.withResolvers<string>();
  let output = '';
  child.stdout.on('data', (text: Buffer) => (output += text.toString()));
  child.on('close', () => resolve(output));
  return { stop: () => void child.kill('SIGINT'), output: promise };
}

/** wrk leaves out the lines of errors that it has not seen. */
function readWrk(
  output: string,
): Pick<HupReport, 'requests' | 'connect' | 'read' | 'write' | 'timeout' | 'non2xx'> {
  const find = (pattern: RegExp): number => Number(pattern.exec(output)?.[1] ?? 0);
  const requests = find(/(\d+) requests in/);
  if (requests === 0) throw new Error(`wrk has counted nothing: ${output}`);
  return {
    requests,
    connect: find(/connect (\d+)/),
    read: find(/read (\d+)/),
    write: find(/write (\d+)/),
    timeout: find(/timeout (\d+)/),
    non2xx: find(/Non-2xx or 3xx responses: (\d+)/),
  };
}

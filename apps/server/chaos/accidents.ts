import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Doomed } from './doomed.ts';
import { handles, isAlive, stateOf } from './processes.ts';
import type { Random } from './random.ts';
import { type Subject, TIMEOUT_SECONDS } from './subject.ts';
import { until } from './until.ts';

/** What accidents are made with. */
export interface Scene {
  readonly subject: Subject;
  readonly doomed: Doomed;
  readonly random: Random;
  /** Workers that have answered and live. */
  candidates(): number[];
}

/** Something bad that happens to processes. @returns what has happened, in words; undefined if it could not. */
export type Accident = (scene: Scene) => Promise<string | undefined>;

/** Long enough for a heartbeat's timeout, ABRT, KILL, and a graceful timeout of a worker that was retiring. */
const DEATH_MS = (TIMEOUT_SECONDS + 30) * 1000;
/** Far from the heartbeat's timeout, on a busy machine too. */
const LONGEST_PAUSE_MS = 1200;
/** Longer than the heartbeat's timeout. */
const LONGEST_SLEEP_MS = (TIMEOUT_SECONDS + 2) * 1000;
/** Puts a worker beyond its limit of memory for sure. */
const LEAK_MEGABYTES = 384;
const REACTION_MS = 20_000;
/** signal(7) */
const SIGUSR2 = 12;

/** SIGKILL, as the kernel does to the greediest when memory runs out. */
export const kill: Accident = async (scene) => {
  const pid = pickWorker(scene);
  return pid === undefined ? undefined : killAll(scene, [pid]);
};

/** SIGKILL to all workers at once: for a moment nobody serves, and connections wait in the backlog. */
export const killEach: Accident = async (scene) => killAll(scene, scene.candidates());

/** SIGSTOP for good: the heartbeat ends, and the master replaces it. */
export const stop: Accident = async (scene) => {
  const pid = await freeze(scene);
  if (pid === undefined) return undefined;
  const lost = scene.doomed.note(pid, 'stopped');
  await gone(pid);
  return `stopped ${pid}, with ${lost} connections, until the master killed it`;
};

/** SIGSTOP and SIGCONT: nothing may be lost. */
export const pause: Accident = async (scene) => {
  const pid = await freeze(scene);
  if (pid === undefined) return undefined;
  const ms = scene.random.between(50, LONGEST_PAUSE_MS);
  await sleep(ms);
  process.kill(pid, 'SIGCONT');
  return `paused ${pid} for ${ms} ms`;
};

/** SIGSTOP and SIGCONT to the master, for longer than a heartbeat's timeout, too: it must not blame its workers. */
export const pauseMaster: Accident = async ({ subject, random }) => {
  const pid = subject.masterPid();
  if (pid === undefined || !isAlive(pid)) return undefined;
  const ms = random.between(500, LONGEST_SLEEP_MS);
  process.kill(pid, 'SIGSTOP');
  await sleep(ms);
  if (isAlive(pid)) process.kill(pid, 'SIGCONT');
  return `paused the master ${pid} for ${ms} ms`;
};

/** Blocks the event loop for good. */
export const block: Accident = async (scene) => {
  const pid = pickObedient(scene);
  if (pid === undefined) return undefined;
  const mark = join(scene.subject.folder, `blocked-${pid}`);
  order(scene, pid, `block ${DEATH_MS}`);
  await until(`worker ${pid} blocks`, () => existsSync(mark) || !isAlive(pid), REACTION_MS);
  rmSync(mark, { force: true });
  // A drain that was under way has ended it before the order came.
  if (!isAlive(pid)) return undefined;
  const lost = scene.doomed.note(pid, 'blocked');
  await gone(pid);
  return `blocked ${pid}, with ${lost} connections, until the master killed it`;
};

/** Blocks the event loop for a moment: nothing may be lost. */
export const stall: Accident = async (scene) => {
  const pid = pickObedient(scene);
  if (pid === undefined) return undefined;
  const ms = scene.random.between(50, LONGEST_PAUSE_MS);
  order(scene, pid, `block ${ms}`);
  await sleep(ms);
  rmSync(join(scene.subject.folder, `blocked-${pid}`), { force: true });
  return `stalled ${pid} for ${ms} ms`;
};

/** Fills the memory: the master replaces the worker before it retires it. Nothing may be lost. */
export const leak: Accident = async (scene) => {
  const pid = pickObedient(scene);
  if (pid === undefined) return undefined;
  order(scene, pid, `leak ${LEAK_MEGABYTES}`);
  await gone(pid);
  return `made ${pid} leak ${LEAK_MEGABYTES} MiB until the master replaced it`;
};

/** An error outside any request: the worker asks for its replacement. Nothing may be lost. */
export const stray: Accident = async (scene) => {
  const pid = pickObedient(scene);
  if (pid === undefined) return undefined;
  order(scene, pid, 'stray 0');
  await gone(pid);
  return `made ${pid} throw outside of requests until the master replaced it`;
};

/** TERM to a worker, by somebody who does not ask the master: it drains, and is replaced. Nothing may be lost. */
export const terminate: Accident = async (scene) => {
  const pid = pickWorker(scene);
  if (pid === undefined) return undefined;
  process.kill(pid, 'SIGTERM');
  await gone(pid);
  return `sent TERM to ${pid}`;
};

function pickWorker({ candidates, random }: Scene): number | undefined {
  const pids = candidates();
  return pids.length === 0 ? undefined : random.pick(pids);
}

/** One that does what it is told: in threads an application hears no signals, and the worker would only end. */
function pickObedient({ candidates, random }: Scene): number | undefined {
  const pids = candidates().filter((pid) => handles(pid, SIGUSR2));
  return pids.length === 0 ? undefined : random.pick(pids);
}

/** They are stopped first: a worker that runs would accept on while its sockets are read. */
async function killAll({ doomed }: Scene, pids: readonly number[]): Promise<string | undefined> {
  const frozen: number[] = [];
  for (const pid of pids) if (await stopped(pid)) frozen.push(pid);
  if (frozen.length === 0) return undefined;
  let lost = 0;
  for (const pid of frozen) lost += doomed.note(pid, 'killed');
  for (const pid of frozen) process.kill(pid, 'SIGKILL');
  await Promise.all(frozen.map(gone));
  return `killed ${frozen.join(', ')}, with ${lost} connections`;
}

async function freeze(scene: Scene): Promise<number | undefined> {
  const pid = pickWorker(scene);
  return pid !== undefined && (await stopped(pid)) ? pid : undefined;
}

/** Stops a process and says whether it is stopped: it may have ended by itself just before. */
async function stopped(pid: number): Promise<boolean> {
  if (!isAlive(pid)) return false;
  process.kill(pid, 'SIGSTOP');
  await until(`process ${pid} stops`, () => stateOf(pid) === 'T' || !isAlive(pid), REACTION_MS);
  return isAlive(pid);
}

function order({ subject }: Scene, pid: number, text: string): void {
  writeFileSync(join(subject.folder, 'order'), text);
  if (isAlive(pid)) process.kill(pid, 'SIGUSR2');
}

function gone(pid: number): Promise<void> {
  return until(`process ${pid} ends`, () => !isAlive(pid), DEATH_MS);
}

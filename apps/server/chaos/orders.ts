import { isAlive } from './processes.ts';
import type { Random } from './random.ts';
import { SETTLE_MS, type Subject } from './subject.ts';
import { until } from './until.ts';

/** What an operator orders is given. */
export interface Desk {
  readonly subject: Subject;
  readonly random: Random;
  /** The fewest and the most workers that are asked for. */
  readonly workers: { readonly least: number; readonly most: number };
  /** Runs a task while no worker is killed: beside a broken program nothing could replace it. */
  quietly(task: () => Promise<void>): Promise<void>;
}

/** Something that an operator does with the server. @returns what was done, in words. */
export type Order = (desk: Desk) => Promise<string>;

export const reload: Order = async ({ subject }) => {
  const { generation } = await subject.front();
  subject.signalMaster('SIGHUP');
  await newer(subject, generation);
  return 'HUP';
};

/** Two reloads that overlap, as from an impatient deployment. */
export const reloadTwice: Order = async ({ subject }) => {
  const { generation } = await subject.front();
  subject.signalMaster('SIGHUP');
  await until('the reload begins', async () => (await subject.front()).generation > generation, SETTLE_MS);
  subject.signalMaster('SIGHUP');
  await newer(subject, generation + 1);
  return 'HUP during a HUP';
};

/** The new code does not load: the old workers stay; then it is mended and loaded. */
export const reloadBroken: Order = async ({ subject, quietly }) => {
  await quietly(async () => {
    await subject.settled();
    const before = subject.workers;
    subject.break();
    try {
      const failures = count(subject.log, GIVEN_UP);
      subject.signalMaster('SIGHUP');
      await until('the reload is given up', () => count(subject.log, GIVEN_UP) > failures, SETTLE_MS);
    } finally {
      subject.mend();
    }
    if (!before.every(isAlive)) throw new Error('a broken module has ended old workers');
  });
  await reload({ subject } as Desk);
  return 'HUP with a broken module, then with the mended one';
};

/** A worker dies while its program is broken: its slot tries until the program is mended; the others serve. */
export const crashAtBoot: Order = async ({ subject, quietly, random }) => {
  let retries = 0;
  await quietly(async () => {
    await subject.settled();
    const failures = count(subject.log, BOOT_FAILED);
    subject.break();
    try {
      process.kill(random.pick(subject.workers), 'SIGTERM');
      const tried = (): boolean => (retries = count(subject.log, BOOT_FAILED) - failures) >= 3;
      await until('the slot tries three times', tried, SETTLE_MS);
    } finally {
      subject.mend();
    }
    await subject.settled();
  });
  return `crashes at boot: ${retries} in a row, then mended`;
};

export const more: Order = async ({ subject, workers }) => {
  const { size } = await subject.front();
  if (size >= workers.most) return scaleTo(subject, workers.least);
  subject.signalMaster('SIGTTIN');
  await sized(subject, size + 1);
  return `TTIN: ${size + 1} workers`;
};

export const fewer: Order = async ({ subject, workers }) => {
  const { size } = await subject.front();
  if (size <= workers.least) return scaleTo(subject, workers.most);
  subject.signalMaster('SIGTTOU');
  await sized(subject, size - 1);
  return `TTOU: ${size - 1} workers`;
};

export const scale: Order = ({ subject, random, workers }) =>
  scaleTo(subject, random.between(workers.least, workers.most));

export const ctlReload: Order = async ({ subject }) => {
  await subject.ctl('reload');
  return 'highball ctl reload';
};

/** A worker may have ended for another reason before the order arrives; then there is nothing to recycle. */
export const recycle: Order = async ({ subject, random, quietly }) => {
  let pid = 0;
  await quietly(async () => {
    await subject.settled();
    pid = random.pick(subject.workers);
    await subject.ctl('recycle', String(pid));
    await until(`worker ${pid} leaves`, () => !isAlive(pid), SETTLE_MS);
  });
  return `highball ctl recycle ${pid}`;
};

/** For a moment nobody serves: connections wait until the workers are back. */
export const drain: Order = async ({ subject }) => {
  await subject.ctl('drain');
  await subject.ctl('reload');
  return 'highball ctl drain, then reload';
};

export const status: Order = async ({ subject }) => {
  const answer = JSON.parse(await subject.ctl('status', '--json')) as { pools?: unknown };
  if (!answer.pools) throw new Error('highball ctl status tells no pools');
  return 'highball ctl status --json';
};

export const reopenLogs: Order = async ({ subject }) => {
  subject.signalMaster('SIGUSR1');
  await subject.ctl('reopen-logs');
  return 'USR1, and highball ctl reopen-logs';
};

function scaleTo(subject: Subject, workers: number): Promise<string> {
  return subject.ctl('scale', String(workers)).then(() => `highball ctl scale ${workers}`);
}

async function sized(subject: Subject, size: number): Promise<void> {
  const reached = async (): Promise<boolean> => (await subject.front()).size === size;
  await until(`there are ${size} workers`, reached, SETTLE_MS);
}

async function newer(subject: Subject, generation: number): Promise<void> {
  const replaced = async (): Promise<boolean> => {
    const front = await subject.front();
    return !front.reloading && front.generation > generation;
  };
  await until(`the reload to a generation after ${generation} ends`, replaced, SETTLE_MS);
}

const GIVEN_UP = 'the reload is given up';
const BOOT_FAILED = 'broken on purpose';

function count(text: string, part: string): number {
  return text.split(part).length - 1;
}

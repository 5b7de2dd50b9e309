import type { Desk, Order } from './orders.ts';
import { isAlive } from './processes.ts';
import { SETTLE_MS, type Subject } from './subject.ts';
import { until } from './until.ts';

/** As gunicorn's documentation tells it: USR2, WINCH, QUIT. */
export const upgradeByHand: Order = async (desk) => {
  const { subject } = desk;
  const { old, next } = await startNext(desk);
  subject.signalMaster('SIGWINCH');
  await workersGone(subject);
  process.kill(old, 'SIGQUIT');
  await takenOver(subject, old, next);
  return `USR2, WINCH, QUIT: master ${old} → ${next}`;
};

/** The short way: the old master finishes what it has and goes. */
export const upgradeByTerm: Order = async (desk) => {
  const { old, next } = await startNext(desk);
  process.kill(old, 'SIGTERM');
  await takenOver(desk.subject, old, next);
  return `USR2, TERM: master ${old} → ${next}`;
};

/** The new master is not wanted after all: HUP to the old, TERM to the new. */
export const rollBack: Order = async (desk) => {
  const { subject, random } = desk;
  const { old, next } = await startNext(desk);
  const retire = random.next() < 0.5;
  if (retire) {
    subject.signalMaster('SIGWINCH');
    await workersGone(subject);
  }
  process.kill(old, 'SIGHUP');
  await until('the old master serves again', () => subject.isSettled(), SETTLE_MS);
  process.kill(next, 'SIGTERM');
  await until(`the new master ${next} ends`, () => !isAlive(next), SETTLE_MS);
  if (subject.masterPid() !== old) throw new Error(`the pidfile does not name the old master ${old} again`);
  return `USR2,${retire ? ' WINCH,' : ''} and back by HUP and TERM: master ${old} stays`;
};

/** The new program is broken: its master does not come up, and the old one goes on. */
export const upgradeBroken: Order = async ({ subject, quietly }) => {
  await quietly(async () => {
    await subject.settled();
    const old = subject.masterPid();
    const failures = subject.log.split(FAILED).length - 1;
    subject.break();
    try {
      subject.signalMaster('SIGUSR2');
      await until('the upgrade fails', () => subject.log.split(FAILED).length - 1 > failures, SETTLE_MS);
    } finally {
      subject.mend();
    }
    await subject.settled();
    if (subject.masterPid() !== old) throw new Error('a broken upgrade has replaced the master');
  });
  return 'USR2 with a broken module: the master stays';
};

export const ctlUpgrade: Order = async ({ subject, quietly }) => {
  let old: number | undefined;
  await quietly(async () => {
    await subject.settled();
    old = subject.masterPid();
    await subject.ctl('upgrade');
  });
  await until('the pidfile names the new master', () => isOther(subject.masterPid(), old), SETTLE_MS);
  await until('the new master answers alone', () => subject.isSettled(), SETTLE_MS);
  return `highball ctl upgrade: master ${old} → ${subject.masterPid()}`;
};

export const ctlUpgradeBroken: Order = async ({ subject, quietly }) => {
  await quietly(async () => {
    await subject.settled();
    const old = subject.masterPid();
    subject.break();
    const failed = await subject.ctl('upgrade').then(
      () => false,
      () => true,
    );
    subject.mend();
    if (!failed) throw new Error('highball ctl upgrade calls a broken upgrade a success');
    await subject.settled();
    if (subject.masterPid() !== old) throw new Error('a broken upgrade has replaced the master');
  });
  return 'highball ctl upgrade with a broken module: the master stays';
};

const FAILED = 'the upgrade has failed';

/** Both masters serve. No worker is killed meanwhile: one that dies before it is ready ends an upgrade, rightly. */
async function startNext({ subject, quietly }: Desk): Promise<{ old: number; next: number }> {
  let old = 0;
  await quietly(async () => {
    await subject.settled();
    old = subject.signalMaster('SIGUSR2');
    await until('the new master serves', () => subject.isSettled('.2'), SETTLE_MS);
  });
  const next = subject.masterPid('.2');
  if (next === undefined) throw new Error('the new master has no pidfile');
  return { old, next };
}

/** Those of all pools: behind a front, an old worker may be at a request that the new front has passed on. */
async function workersGone(subject: Subject): Promise<void> {
  const none = async (): Promise<boolean> => {
    const { pools } = await subject.status();
    return pools.every(({ workers }) => workers.every(({ pid }) => pid === null));
  };
  await until('the workers of the old master leave', none, SETTLE_MS);
}

async function takenOver(subject: Subject, old: number, next: number): Promise<void> {
  await until(`the old master ${old} ends`, () => !isAlive(old), SETTLE_MS);
  await until(`the pidfile names ${next}`, () => subject.masterPid() === next, SETTLE_MS);
  // The control socket is taken over, too.
  await until(`master ${next} answers alone`, () => subject.isSettled(), SETTLE_MS);
}

function isOther(pid: number | undefined, old: number | undefined): boolean {
  return pid !== undefined && pid !== old;
}

import { descriptorCount, footprint, leftovers } from './leaks.ts';
import { isAlive } from './processes.ts';
import { Subject } from './subject.ts';
import { until } from './until.ts';

/** The master after so many workers. */
export interface RespawnSample {
  readonly respawns: number;
  readonly residentBytes: number;
  readonly descriptors: number;
}

export interface RespawnReport {
  readonly samples: readonly RespawnSample[];
  readonly leftovers: readonly string[];
}

const WORKERS = 20;
/** Between two kills of the same slot; otherwise its backoff, and not the machine, would set the pace. */
const STABLE_MS = 10_500;
/** A reload takes its workers one by one. */
const ROUND_MS = 300_000;
/** The first samples show a master that still warms up: its heap grows to the size that it keeps. */
const WARM_UP = 0.2;
/** A garbage collector leaves more or less. */
const MOST_GROWTH = 1.1;

/** Replaces workers, by reloads and by killing all of them, and looks at the master meanwhile. */
export async function respawns(count: number, say: (line: string) => void): Promise<RespawnReport> {
  const subject = new Subject();
  const samples: RespawnSample[] = [];
  let done = 0;
  const sample = async (): Promise<void> => {
    const print = await footprint(subject);
    const { residentBytes } = print;
    samples.push({ respawns: done, residentBytes, descriptors: descriptorCount(print) });
    say(
      `${done} respawns: ${(residentBytes / 2 ** 20).toFixed(0)} MiB, ${descriptorCount(print)} descriptors`,
    );
  };
  try {
    await subject.start({ workers: WORKERS });
    await subject.settled(ROUND_MS);
    await sample();
    for (let round = 0; done < count; round++) {
      const start = performance.now();
      const old = subject.workers;
      // Three reloads, then the death of all at once.
      if (round % 4 === 3) for (const pid of old) process.kill(pid, 'SIGKILL');
      else subject.signalMaster('SIGHUP');
      await until('the old workers leave', () => !old.some(isAlive), ROUND_MS);
      await subject.settled(ROUND_MS);
      done += old.length;
      if (round % 4 === 2)
        await until('workers are stable', () => performance.now() > start + STABLE_MS, ROUND_MS);
      if (round % 4 === 3) await sample();
    }
    if (samples.at(-1)?.respawns !== done) await sample();
    return { samples, leftovers: await leftovers(subject) };
  } finally {
    await subject.stop();
    subject.remove();
  }
}

/** Whether the master holds no more at the end than when it was warm, and leaves nothing behind. */
export function isFlat({ samples, leftovers }: RespawnReport): boolean {
  const last = samples.at(-1);
  const warm = samples.find(({ respawns }) => respawns >= (last?.respawns ?? 0) * WARM_UP);
  if (!last || !warm || leftovers.length > 0) return false;
  return last.descriptors <= warm.descriptors && last.residentBytes <= warm.residentBytes * MOST_GROWTH;
}

export function formatRespawns({ samples, leftovers }: RespawnReport): string {
  return [
    '| workers replaced | master, MiB | its descriptors |',
    '| ---: | ---: | ---: |',
    ...samples.map(
      ({ respawns, residentBytes, descriptors }) =>
        `| ${respawns} | ${(residentBytes / 2 ** 20).toFixed(1)} | ${descriptors} |`,
    ),
    '',
    `Left behind: ${leftovers.join(', ') || 'nothing'}.`,
  ].join('\n');
}

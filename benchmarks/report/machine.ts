import { cpus, release, totalmem } from 'node:os';
import { versions } from '../peers.ts';

/** When and on what this was measured. */
export function machine(now: Date): string {
  const [first] = cpus();
  const memoryGib = Math.round(totalmem() / 2 ** 30);
  const hardware = `${cpus().length} cores (${first?.model.trim() ?? 'unknown'}), ${memoryGib} GiB, Linux ${release()}`;
  const programs = [`Node ${process.version.slice(1)}`, ...versions()].join(', ');
  return `${now.toISOString().slice(0, 10)}; ${hardware}; ${programs}`;
}

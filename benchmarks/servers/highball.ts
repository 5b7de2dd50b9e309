import { installedBin } from '../installation.ts';
import type { Command, Contender, Place } from '../server.ts';

/** nginx's worker_connections has the same number. */
const WORKER_CONNECTIONS = '4096';

/** The command as a user gives it, with the built packages. */
function highball(place: Place, args: readonly string[]): Command {
  const { folder, port, profile } = place;
  const argv = [process.execPath, installedBin(folder), ...args, '-b', `127.0.0.1:${port}`];
  // Node notices this only where a process ends by itself, which Highball's do when they are told to stop.
  const env = profile === undefined ? undefined : { NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${profile}` };
  return { argv, ...(env && { env }) };
}

function contender(name: string, args: (place: Place) => readonly string[]): Contender {
  return { name, needs: [], prepare: (place) => [highball(place, args(place))] };
}

/** One worker, unless more are wanted. */
const options = (workers = 1): string[] => [
  '--workers',
  String(workers),
  '--worker-connections',
  WORKER_CONNECTIONS,
];

/** `highball serve` of a program, with so many workers. */
export function serve(program: string, workers = 1): Contender {
  return contender('highball serve', () => ['serve', program, ...options(workers)]);
}

export const highballStatic: Contender = contender('highball static', () => [
  'static',
  'files',
  ...options(),
]);

export const highballProxy: Contender = contender('highball proxy', ({ upstream }) => [
  'proxy',
  `http://127.0.0.1:${upstream}`,
  ...options(),
]);

/** `highball run` of a configuration. */
export function run(name: string, config: string): Contender {
  return contender(name, () => ['run', '-c', config]);
}

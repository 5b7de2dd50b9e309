import { get } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort, Program } from '@highball/testkit';
import { onCpu, SERVER_CPU } from './cpu.ts';
import type { PeerName } from './peers.ts';
import { cpuMs, processTree, residentBytes } from './processes.ts';

/** Where a server finds and puts things. */
export interface Place {
  /** A user's folder, with Highball installed, and with everything of `programs`. */
  readonly folder: string;
  /** The one in front listens here. */
  readonly port: number;
  /** Free for one that stands behind it. */
  readonly behind: number;
  /** Where a server that all of a benchmark's proxies have behind them listens. */
  readonly upstream: number;
  /** Where Highball's processes leave their CPU profiles. */
  readonly profile?: string;
}

/** A program of a contender. */
export interface Command {
  readonly argv: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** A server, or several in a row, that take part in a comparison. */
export interface Contender {
  readonly name: string;
  readonly needs: readonly PeerName[];
  /** Writes what the programs read, and says how to start them, the one in front last. */
  prepare(place: Place): Promise<readonly Command[]> | readonly Command[];
}

/** A contender that runs. */
export interface RunningServer extends AsyncDisposable {
  readonly name: string;
  readonly port: number;
  /** Of the processes that were started, and all below them. */
  readonly pids: readonly number[];
  cpuMs(): number;
  residentBytes(): number;
}

const START_MS = 20_000;
const STOP_MS = 3000;

/** Starts a contender, and waits until it answers. @throws with its output when it does not. */
export async function startServer(
  contender: Contender,
  where: Pick<Place, 'folder' | 'profile'> & { readonly upstream?: number; readonly cpus?: string },
): Promise<RunningServer> {
  const { cpus = SERVER_CPU, upstream = 0, ...rest } = where;
  const port = await freePort();
  const place = { ...rest, upstream, port, behind: await freePort() };
  const programs = (await contender.prepare(place)).map(({ argv, env }) => {
    const [command = '', ...args] = onCpu(cpus, argv);
    return new Program(command, args, {
      cwd: place.folder,
      env: { NODE_ENV: 'production', ...env },
    });
  });
  const stop = async (): Promise<void> => {
    await Promise.all(programs.map((program) => program.stop(STOP_MS)));
  };
  try {
    await untilAnswers(port, programs);
  } catch (error) {
    await stop();
    throw new Error(`${contender.name} does not serve: ${(error as Error).message}`, { cause: error });
  }
  const pids = (): number[] => programs.flatMap(({ pid }) => processTree(pid));
  return {
    name: contender.name,
    port,
    get pids() {
      return pids();
    },
    cpuMs: () => cpuMs(pids()),
    residentBytes: () => residentBytes(pids()),
    [Symbol.asyncDispose]: stop,
  };
}

/** Any answer will do that is no gateway's excuse for a server that is not there yet. */
async function untilAnswers(port: number, programs: readonly Program[]): Promise<void> {
  const ended = Promise.race(programs.map(({ exited }) => exited.then(() => true, () => true))); // prettier-ignore
  const deadline = Date.now() + START_MS;
  while (Date.now() < deadline) {
    const status = await statusOf(port);
    if (status > 0 && status < 500) return;
    if (await Promise.race([ended, delay(50, false)])) break;
  }
  throw new Error(programs.map(({ output }) => output).join('\n') || 'no output');
}

/** Of an answer on a connection that is closed after it; 0 where there is none. */
function statusOf(port: number): Promise<number> {
  return new Promise((resolve) => {
    get({ host: '127.0.0.1', port, agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    }).on('error', () => resolve(0));
  });
}

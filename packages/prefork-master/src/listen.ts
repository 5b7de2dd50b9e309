import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** How long the helper may take; it needs about 30 ms. */
const HELPER_TIMEOUT_MS = 10_000;

/**
 * Runs in the helper: descriptors 3, 4… are the sockets. It leaves as soon as all listen, which is before its event
 * loop polls for the first time: it cannot accept anything.
 */
const HELPER = `
const { createServer } = require('node:net');
const [backlog, count] = process.argv.slice(1).map(Number);
let left = count;
for (let index = 0; index < count; index++) {
  createServer()
    .on('error', ({ code }) => { process.stdout.write(index + ' ' + code); process.exitCode = 1; process.exit(); })
    .listen({ fd: 3 + index }, backlog, () => --left || process.exit(0));
}`;

/** A socket that is bound but could not be made to listen. */
export interface ListenFailure {
  readonly index: number;
  /** The system's code, such as EADDRINUSE. */
  readonly code: string;
}

/**
 * Makes bound sockets listen, so that the kernel queues connections from now on, before any worker is up.
 *
 * A process cannot call listen(2) through Node without accepting, too; but the state belongs to the socket and not to
 * the process. So a helper that inherits the sockets calls it and exits. It is also the first moment at which two
 * programs that bound the same port at once find out.
 */
export async function listenAll(fds: readonly number[], backlog: number): Promise<ListenFailure | undefined> {
  const { NODE_OPTIONS: _unwanted, ...env } = process.env;
  const child = spawn(process.execPath, ['-e', HELPER, `${backlog}`, `${fds.length}`], {
    stdio: ['ignore', 'pipe', 'ignore', ...fds],
    env,
    timeout: HELPER_TIMEOUT_MS,
    killSignal: 'SIGKILL',
  });
  let said = '';
  child.stdout?.on('data', (chunk: Buffer) => (said += chunk.toString()));
  try {
    const [status] = (await once(child, 'close')) as [number | null];
    return status === 0 ? undefined : readFailure(said);
  } catch (error) {
    return { index: 0, code: (error as NodeJS.ErrnoException).code ?? 'UNKNOWN' };
  }
}

function readFailure(said: string): ListenFailure {
  const [, index = 0, code = 'UNKNOWN'] = /^(\d+) (\w+)$/.exec(said) ?? [];
  return { index: Number(index), code };
}

import { once } from 'node:events';
import { connect, type NetConnectOpts } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { RawClient } from '@highball/testkit';
import { createMaster, type Master, type MasterOptions, type TcpTarget } from '../src/index.ts';
import type { EchoData } from './fixtures/echo-worker.ts';

const script = new URL('fixtures/echo-worker.ts', import.meta.url);

export const loopback: TcpTarget = { host: '127.0.0.1', port: 0 };

/** The echo worker, with what it is to do. */
export function echo(data: EchoData = {}): MasterOptions['worker'] {
  return { script, execArgv: [], data };
}

/** What a master has logged. */
export class Log {
  readonly lines: string[] = [];
  info = (_fields: object, message: string): void => void this.lines.push(`info ${message}`);
  warn = (_fields: object, message: string): void => void this.lines.push(`warn ${message}`);
  error = (_fields: object, message: string): void => void this.lines.push(`error ${message}`);
}

/** A master that does not outlive its test: `await using running = await start()`. */
export async function start(
  options: Partial<MasterOptions> = {},
): Promise<{ master: Master; port: number; log: Log; [Symbol.asyncDispose](): Promise<void> }> {
  const log = new Log();
  const master = createMaster({ listen: [loopback], worker: echo(), workers: 1, log, ...options });
  await master.start();
  const port = portOf(master);
  return { master, port, log, [Symbol.asyncDispose]: () => master.stop({ graceful: false }) };
}

export function portOf(master: Master): number {
  const [address] = master.addresses();
  return address && 'port' in address ? address.port : 0;
}

export function pids(master: Master, state = 'ready'): number[] {
  return master
    .status()
    .workers.filter((worker) => worker.state === state)
    .map(({ pid }) => pid as number);
}

/** Waits for an event of a master. */
export function event(master: Master, name: Parameters<Master['once']>[0]): Promise<unknown[]> {
  return once(master as unknown as NodeJS.EventEmitter, name);
}

/** Says one line on a new connection and returns the one that comes back. */
export async function ask(to: number | string, line: string): Promise<string> {
  const client = await RawClient.connect(to);
  client.send(`${line}\n`);
  const answer = await client.until('\n');
  client.destroy();
  return answer.trim();
}

/** What happens to a connection that is refused, or accepted. */
export async function attempt(options: NetConnectOpts): Promise<string> {
  const socket = connect(options);
  try {
    await once(socket, 'connect');
    return 'connected';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'unknown';
  } finally {
    socket.destroy();
  }
}

/** Waits until something holds that no event tells: the state of another process. */
export async function until(holds: () => boolean, timeoutMs = 5000): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!holds()) {
    if (Date.now() > deadline) throw new Error(`not within ${timeoutMs} ms: ${holds}`);
    await sleep(10);
  }
}

/** Whether a process exists; one that is dead and not waited for does not. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

import { EventEmitter, once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
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

  get text(): string {
    return this.lines.join('\n');
  }
}

export interface Running {
  readonly master: Master;
  readonly port: number;
  readonly log: Log;
  [Symbol.asyncDispose](): Promise<void>;
}

/** A master that does not outlive its test: `await using running = await start()`. */
export async function start(options: Partial<MasterOptions> = {}): Promise<Running> {
  const log = new Log();
  const master = createMaster({ listen: [loopback], worker: echo(), workers: 1, log, ...options });
  await master.start();
  const dispose = (): Promise<void> => master.stop({ graceful: false });
  return { master, port: portOf(master), log, [Symbol.asyncDispose]: dispose };
}

export function portOf(master: Master, index = 0): number {
  const address = master.addresses()[index];
  return address && 'port' in address ? address.port : 0;
}

export function pids(master: Master, state = 'ready'): number[] {
  const { workers } = master.status();
  return workers.filter((worker) => worker.state === state).map(({ pid }) => pid as number);
}

/** Waits for an event of a master. */
export function event(master: Master, name: Parameters<Master['once']>[0]): Promise<unknown[]> {
  return once(master as unknown as EventEmitter, name);
}

/** Says one line on a new connection and returns the one that comes back. */
export async function ask(to: number | string, line: string): Promise<string> {
  const client = await RawClient.connect(to);
  client.send(`${line}\n`);
  const answer = await client.until('\n');
  client.destroy();
  return answer.trim();
}

/** Clients that open a connection for each question, and count what goes wrong. */
export class Load implements AsyncDisposable {
  readonly failures: string[] = [];
  answers = 0;
  #stopped = false;
  readonly #clients: Promise<void>[];

  constructor(port: number, clients = 2) {
    this.#clients = Array.from({ length: clients }, () => this.#run(port));
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#clients);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #run(port: number): Promise<void> {
    while (!this.#stopped) {
      try {
        if ((await ask(port, 'hello')) !== 'hello') throw new Error('another answer');
        this.answers++;
      } catch (error) {
        this.failures.push((error as Error).message);
      }
    }
  }
}

/** `connected`, or the code of the error: whether something listens. */
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

/** Waits until something holds that no event tells, such as the end of a process that is not a child. */
export async function until(holds: () => boolean, timeoutMs = 30_000): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!holds()) {
    if (Date.now() > deadline) throw new Error(`not within ${timeoutMs} ms: ${holds}`);
    await sleep(10);
  }
}

/** Whether a process runs; one that has exited and that nobody has waited for yet does not. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  // Without /proc, as on macOS, it is taken for one that runs.
  if (!existsSync('/proc/self/status')) return true;
  try {
    return !readFileSync(`/proc/${pid}/status`, 'utf8').includes('State:\tZ');
  } catch {
    // It has gone since it was asked.
    return false;
  }
}

/** Lets promises settle that wait for nothing outside. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** A clock that is turned by hand. */
export class FakeClock {
  #now = 0;
  readonly #timers = new Map<symbol, { at: number; callback: () => void }>();

  now(): number {
    return this.#now;
  }

  setTimeout(callback: () => void, delayMs: number): unknown {
    const timer = Symbol('timer');
    this.#timers.set(timer, { at: this.#now + delayMs, callback });
    return timer;
  }

  clearTimeout(timer: unknown): void {
    this.#timers.delete(timer as symbol);
  }

  /** Lets time pass; what is due happens in its order, with what follows from it at once. */
  async pass(ms: number): Promise<void> {
    const end = this.#now + ms;
    for (;;) {
      await settle();
      const due = [...this.#timers]
        .filter(([, { at }]) => at <= end)
        .toSorted(([, a], [, b]) => a.at - b.at)[0];
      if (!due) break;
      const [timer, { at, callback }] = due;
      this.#timers.delete(timer);
      this.#now = Math.max(this.#now, at);
      callback();
    }
    this.#now = end;
  }
}

/** A child process that does what the test says. */
export class FakeChild extends EventEmitter {
  pid: number | undefined;
  readonly stdin = null;
  connected = true;
  readonly received: unknown[] = [];
  readonly signals: string[] = [];

  constructor(pid = 4711) {
    super();
    this.pid = pid;
  }

  send(message: unknown): boolean {
    this.received.push(message);
    return true;
  }

  disconnect(): void {
    this.connected = false;
  }

  unref(): void {
    this.signals.push('unref');
  }

  kill(signal: NodeJS.Signals): boolean {
    this.signals.push(signal);
    return true;
  }

  /** Sends a message of the protocol to the master. */
  say(prefork: string, rest: object = {}): void {
    this.emit('message', { prefork, ...rest });
  }

  exit(code: number | null, signal: NodeJS.Signals | null = null): void {
    this.connected = false;
    this.emit('exit', code, signal);
    this.emit('close', code, signal);
  }
}

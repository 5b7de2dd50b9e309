import { closeSync } from 'node:fs';
import type { FdTarget } from './bind.ts';
import type { Clock } from './clock.ts';
import { MasterLine } from './other-master.ts';
import type { HandedSocket } from './socket-table.ts';
import { isProtocolMessage } from './protocol.ts';
import type { AskCallback } from './worker-side.ts';

/*
 * What one master process leaves to the next: its sockets, as descriptors from 3 on, and in this variable which is
 * which. Between the two runs the IPC channel of a child process; who is gone is known by its end.
 */

/** The environment variable that makes a process the successor of a master; its value is a `Handover` in JSON. */
export const UPGRADE_VARIABLE = 'PREFORK_UPGRADE';

/** What a new master process is told. */
export interface Handover {
  readonly masterPid: number;
  /** The sockets of each pool, with the descriptors that they have in the new process. */
  readonly pools: Readonly<Record<string, readonly HandedSocket[]>>;
  /** Those that systemd, or another launcher, had given to the first master, as that one knew them. */
  readonly launcherSockets: readonly FdTarget[];
}

/** Says to the older master that this process is in service. */
export const READY_MESSAGE = { prefork: 'ready' } as const;

/** Whether a message of the new master says that it is in service. */
export function isReadyMessage(message: unknown): boolean {
  return isProtocolMessage(message) && message.prefork === READY_MESSAGE.prefork;
}

/** What of a process its predecessor's channel needs. */
export interface ChannelProcess {
  readonly connected: boolean;
  readonly channel?: { unref(): void } | undefined | null;
  send?:
    | ((message: object, handle?: undefined, options?: undefined, sent?: () => void) => boolean)
    | undefined;
  disconnect?: (() => void) | undefined;
  on(event: 'message', listener: (message: unknown) => void): unknown;
  once(event: 'disconnect', listener: () => void): unknown;
}

/** The older master, as its successor sees it. */
export class Predecessor {
  readonly pid: number;
  readonly launcherSockets: readonly FdTarget[];
  readonly #process: ChannelProcess;
  readonly #pools: Map<string, HandedSocket[]>;
  readonly #awaited: Set<string>;
  #isReady = false;

  constructor(handover: Handover, process: ChannelProcess) {
    this.pid = handover.masterPid;
    this.launcherSockets = handover.launcherSockets;
    this.#process = process;
    this.#pools = new Map(Object.entries(handover.pools).map(([key, sockets]) => [key, [...sockets]]));
    this.#awaited = new Set(this.#pools.keys());
    process.channel?.unref();
  }

  /** Whether it is still there. */
  get isAlive(): boolean {
    return this.#process.connected;
  }

  /** The sockets of a pool; whoever makes use of one takes it out of the list. */
  socketsOf(key: string): HandedSocket[] {
    return this.#pools.get(key) ?? [];
  }

  /** A pool is in service here. When all are that the older master had, it is told. */
  poolReady(key: string): void {
    this.#awaited.delete(key);
    if (this.#awaited.size === 0) this.ready();
  }

  /** Tells the older master that this one is in service; what is of no use here is closed. */
  ready(): void {
    if (this.#isReady) return;
    this.#isReady = true;
    for (const sockets of this.#pools.values()) for (const { fd } of sockets.splice(0)) closeSync(fd);
    if (this.isAlive) this.#process.send?.(READY_MESSAGE);
  }

  /** For questions to the older master, and from it. */
  openLine(clock: Clock, answer: AskCallback): MasterLine {
    const send = (message: object): void =>
      void this.#process.send?.(message, undefined, undefined, () => undefined);
    const line = new MasterLine({ isOpen: () => this.isAlive, send }, clock, answer);
    this.#process.on('message', (message) => line.hear(message));
    this.#process.once('disconnect', () => line.close());
    // Listening must not keep this process alive.
    this.#process.channel?.unref();
    return line;
  }

  /** Calls back when the older master is gone; at once if it is already. */
  onGone(callback: () => void): void {
    if (!this.isAlive) return callback();
    this.#process.once('disconnect', callback);
    // Listening for the end must not keep this process alive.
    this.#process.channel?.unref();
  }

  /** This process stops: what is shared belongs to the older one again. */
  leave(): void {
    if (this.isAlive) this.#process.disconnect?.();
  }
}

let known: Predecessor | undefined | null = null;

/** The master that has started this process as its successor; undefined where there is none. */
export function findPredecessor(): Predecessor | undefined {
  if (known === null) known = readPredecessor(process.env);
  return known;
}

/**
 * The pid of the master process that has started this one by `upgrade()`, or undefined. For programs that have to know
 * it early, for their pidfile or before they go to the background; `status().predecessorPid` says whether it is there
 * still.
 */
export function predecessorPid(): number | undefined {
  return findPredecessor()?.pid;
}

function readPredecessor(env: NodeJS.ProcessEnv): Predecessor | undefined {
  const text = env[UPGRADE_VARIABLE];
  // Not for the processes that this one starts.
  delete env[UPGRADE_VARIABLE];
  if (text === undefined || !process.connected) return undefined;
  return new Predecessor(JSON.parse(text) as Handover, process);
}

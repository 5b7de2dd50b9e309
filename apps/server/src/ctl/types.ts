import type { PurgeTarget } from '@highball/http-cache';
import type { WorkerStatus } from '@highball/prefork-master';
import type { PurgeResult } from '../front-commands.ts';
import type { PeerReport } from '../upstream/report.ts';

/** A worker, or a place that waits for one. */
export interface WorkerLine {
  readonly id: number;
  readonly pid: number | null;
  readonly state: WorkerStatus['state'];
  readonly generation: number;
  readonly ageMs: number;
  /** Connections that are open. */
  readonly connections: number | null;
  /** Requests since its start. */
  readonly requests: number | null;
  /** In its last report, which covers a second. */
  readonly requestsPerSecond: number | null;
  /** Requests under way. */
  readonly active: number | null;
  /** The part of the last second in which its event loop was busy, from 0 to 1. */
  readonly utilisation: number | null;
  /** The longest that anything had to wait for its event loop in the last second. */
  readonly loopLagMs: number | null;
  /** Since its last report: it sends one a second unless it blocks. */
  readonly silentMs: number | null;
  readonly memoryBytes: number | null;
  /** Workers that were started in its place after the first. */
  readonly restarts: number;
  /** Crashes in a row. */
  readonly crashes: number;
  /** Until the next attempt, for a place that waits after crashes. */
  readonly retryInMs: number | null;
  /** How the one before it has ended. */
  readonly lastExit: string | null;
  /** What it is at, the longest first. */
  readonly serving: readonly { readonly method: string; readonly path: string; readonly forMs: number }[];
}

/** A pool of workers. */
export interface PoolLine {
  /** `front`, or the name of an upstream. */
  readonly name: string;
  readonly state: string;
  /** How many workers it is meant to have. */
  readonly size: number;
  readonly generation: number;
  readonly reloading: boolean;
  /** Its workers were told to finish and leave; connections wait. */
  readonly drained: boolean;
  /** Where it listens, and how many connections wait there to be accepted. */
  readonly queues: readonly { readonly address: string; readonly queued: number | null }[];
  readonly workers: readonly WorkerLine[];
}

/** A server of an upstream; requests and failures are those of all workers. */
export interface ServerLine extends PeerReport {
  /** How many workers see it in this state, the worst of all. */
  readonly seenBy: number;
  /** How many workers know it. */
  readonly workers: number;
}

/** An upstream, as the workers of the front see it. */
export interface UpstreamLine {
  readonly name: string;
  readonly balance: string;
  /** `closed`, unless a worker refuses requests. */
  readonly circuit: string;
  /** Requests that wait for a server. */
  readonly waiting: number;
  readonly servers: readonly ServerLine[];
  /** Servers that there are besides, all of them up. */
  readonly more: number;
}

/** What `highball ctl status` shows. */
export interface ServerStatus {
  readonly version: string;
  readonly pid: number;
  readonly ageMs: number;
  /** Resident memory of the master. */
  readonly memoryBytes: number;
  /** The new master, during an upgrade. */
  readonly successorPid: number | null;
  /** The old master, during an upgrade. */
  readonly predecessorPid: number | null;
  readonly pools: readonly PoolLine[];
  readonly upstreams: readonly UpstreamLine[];
}

/** The commands of the control socket. */
export type ServerCommands = {
  status: { result: ServerStatus };
  /** A status every so many milliseconds. */
  watch: { args: { intervalMs: number }; result: ServerStatus };
  reload: { result: { generation: number } };
  scale: { args: { workers: number; pool?: string }; result: { pool: string; workers: number } };
  recycle: { args: { pid: number }; result: { pid: number } };
  drain: { result: { drained: true } };
  stop: { args: { quick: boolean }; result: { pid: number } };
  upgrade: { result: { pid: number; oldPid: number } };
  'reopen-logs': { result: { reopened: true } };
  'drain-server': {
    args: { upstream: string; server: string; undo?: boolean };
    result: { upstream: string; server: string; draining: boolean; workers: number };
  };
  purge: { args: { target: PurgeTarget; soft?: boolean }; result: PurgeResult };
};

import type { ListenTarget } from './bind.ts';
import type { Reply } from './questions.ts';

/*
 * What master and worker say to each other. Node's IPC channel carries it as one JSON text a line, so a program in
 * any language can take part: the descriptor is in NODE_CHANNEL_FD.
 */

/** The environment variable that makes a process a worker; its value is a `WorkerFacts` in JSON. */
export const WORKER_VARIABLE = 'PREFORK_WORKER';

/** The first inherited socket, as in systemd's protocol. */
export const FIRST_SOCKET_FD = 3;

/** What a worker is told at its start. */
export interface WorkerFacts {
  /** The slot: 1, 2… */
  readonly id: number;
  /** 1 at first, one more with each reload. */
  readonly generation: number;
  readonly masterPid: number;
  /** What `ps` shows. */
  readonly title?: string;
  /** The sockets that this process has inherited, from `FIRST_SOCKET_FD` on. */
  readonly addresses: readonly ListenTarget[];
  readonly backlog: number;
  /** How often to send `beat`. */
  readonly beatMs: number;
  /** How long a worker whose master is gone may drain. */
  readonly gracefulTimeoutMs: number;
  /** A worker whose event loop is silent for longer is killed; 0: never. */
  readonly timeoutMs: number;
  /** Whether JSON follows on standard input. */
  readonly hasData: boolean;
  /** Where the workers of this master tell one another of their load: a descriptor, and the place of this one. */
  readonly scoreboard?: { readonly fd: number; readonly record: number };
  /** Whether all workers accept from the same queues, so that one may leave connections to the others. */
  readonly shared: boolean;
}

/** What a beat tells besides that the event loop turns. */
export interface Vitals {
  /** The part of the time since the last beat in which the event loop was busy, from 0 to 1. */
  readonly utilisation?: number;
  /** The resident memory of the process. */
  readonly memoryBytes?: number;
}

/** Why a worker could not come up, in its own words. */
export interface WorkerFailure {
  readonly message: string;
  readonly stack?: string | undefined;
  /** The application and not the worker is at fault: exit code 4. */
  readonly application: boolean;
}

export type WorkerMessage =
  | { prefork: 'ready' }
  | ({ prefork: 'beat' } & Vitals)
  | { prefork: 'report'; stats: object }
  | { prefork: 'recycle'; reason: string }
  | { prefork: 'answer'; id: number; reply: Reply }
  | { prefork: 'fail'; failure: WorkerFailure };

export type MasterMessage =
  | { prefork: 'stop'; graceful: boolean; retired?: boolean }
  | { prefork: 'reopen-logs' }
  | { prefork: 'ask'; id: number; question: unknown };

/** Whether a message is one of ours; an application may send others over the same channel. */
export function isProtocolMessage(message: unknown): message is { prefork: string } {
  return typeof message === 'object' && message !== null && 'prefork' in message;
}

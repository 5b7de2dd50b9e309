import { formatBind } from './bind.ts';
import { acceptQueues } from './process-facts.ts';
import type { WorkerStatus } from './slot.ts';
import type { OpenSocket } from './sockets.ts';
import type { Successor } from './upgrade-types.ts';

export type MasterState = 'idle' | 'starting' | 'running' | 'stopping' | 'stopped';

/** How many connections wait on one address. */
export interface QueueStatus {
  readonly address: string;
  /** Accepted by the kernel and by no worker yet; undefined where the system does not tell it (Unix sockets). */
  readonly queued: number | undefined;
}

/** A snapshot of a master. */
export interface MasterStatus {
  readonly name: string | undefined;
  readonly pid: number;
  readonly state: MasterState;
  readonly reloading: boolean;
  /** 1 at first, one more with each reload. */
  readonly generation: number;
  /** Since `start()`. */
  readonly ageMs: number;
  /** How many workers are kept alive. */
  readonly size: number;
  /** As text: `127.0.0.1:8000`. */
  readonly addresses: readonly string[];
  /** The same addresses with their queues, as they are when this is read. */
  readonly queues: readonly QueueStatus[];
  /** Whether the workers were stopped by `retire()`. */
  readonly retired: boolean;
  /** The new master that was started beside this one. */
  readonly successor: Successor | undefined;
  /** The old master, as long as it is there. */
  readonly predecessorPid: number | undefined;
  readonly workers: readonly WorkerStatus[];
}

/** The queue of each address; that of an address with several sockets is the sum of theirs. */
export function queueStatus(sockets: readonly OpenSocket[]): QueueStatus[] {
  const depths = acceptQueues(sockets.map(({ fd }) => fd));
  const queues = new Map<string, number | undefined>();
  for (const [index, { address }] of sockets.entries()) {
    const depth = depths[index];
    const name = formatBind(address);
    queues.set(name, depth === undefined ? queues.get(name) : depth + (queues.get(name) ?? 0));
  }
  return [...queues].map(([address, queued]) => ({ address, queued }));
}

import type { Exchange } from './exchange.ts';

/** What a worker is doing at the moment. */
export interface WorkerStats {
  /** Open connections: idle ones too, and those that applications have taken over. */
  connections: number;
  /** Accepted connections that wait for room. */
  waiting: number;
  /** Requests under way. */
  active: number;
  /** Requests since the start. */
  requests: number;
  /** The requests under way that began first, ten at most. */
  current: CurrentRequest[];
}

/** A request under way, for the log of a worker that hangs. */
export interface CurrentRequest {
  method: string;
  /** The target as it was sent. */
  path: string;
  /** When it began, in milliseconds since 1970. */
  since: number;
}

const MAX_CURRENT = 10;

export function collectStats(worker: {
  connections: Iterable<{ exchanges: readonly Exchange[] }>;
  handedOver: number;
  waiting: number;
  requests: number;
  now: number;
}): WorkerStats {
  const connections = [...worker.connections];
  const exchanges = connections.flatMap((connection) => connection.exchanges);
  const current = exchanges.toSorted((a, b) => a.startedAt - b.startedAt).slice(0, MAX_CURRENT);
  return {
    connections: connections.length + worker.handedOver,
    waiting: worker.waiting,
    active: exchanges.length,
    requests: worker.requests,
    current: current.map(({ head, startedAt }) => ({
      method: head.method,
      path: head.target,
      since: Math.round(Date.now() - (worker.now - startedAt)),
    })),
  };
}

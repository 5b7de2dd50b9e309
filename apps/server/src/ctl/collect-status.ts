import type { WorkerStatus } from '@highball/prefork-master';
import type { WorkerReport } from '../worker-report.ts';
import type { Pool } from '../pools.ts';
import type { Stack } from '../stack.ts';
import { version } from '../version.ts';
import { collectUpstreams } from './collect-upstreams.ts';
import type { PoolLine, ServerStatus, WorkerLine } from './types.ts';

/** What is known of a server at this moment; nobody is asked, so workers that block are no hindrance. */
export function collectStatus(stack: Stack): ServerStatus {
  const front = stack.front.master.status();
  return {
    version,
    pid: process.pid,
    ageMs: Math.round(process.uptime() * 1000),
    memoryBytes: process.memoryUsage.rss(),
    successorPid: front.successor?.pid ?? null,
    predecessorPid: front.predecessorPid ?? null,
    pools: stack.pools.map(poolLine),
    upstreams: collectUpstreams(reportsOf(front.workers)),
  };
}

/** A worker that leaves has its own view still, and nobody asks it any more. */
function reportsOf(workers: readonly WorkerStatus[]): WorkerReport['upstreams'][] {
  return workers.flatMap(({ state, report }) =>
    state === 'ready' && report !== undefined ? [(report as WorkerReport).upstreams] : [],
  );
}

function poolLine({ name, master }: Pool): PoolLine {
  const { state, size, generation, reloading, retired, queues, workers } = master.status();
  return {
    name,
    state,
    size,
    generation,
    reloading,
    drained: retired,
    queues: queues.map(({ address, queued }) => ({ address, queued: queued ?? null })),
    workers: workers.map(workerLine),
  };
}

function workerLine(worker: WorkerStatus): WorkerLine {
  const report = worker.report as WorkerReport | undefined;
  const now = Date.now();
  return {
    id: worker.id,
    pid: worker.pid ?? null,
    state: worker.state,
    generation: worker.generation,
    ageMs: Math.round(worker.ageMs),
    connections: report?.connections ?? null,
    requests: report?.requests ?? null,
    requestsPerSecond: report?.requestsPerSecond ?? null,
    active: report?.active ?? null,
    utilisation: worker.utilisation ?? null,
    loopLagMs: report?.loopLagMs ?? null,
    silentMs: report ? Math.max(0, now - report.at) : null,
    memoryBytes: worker.memoryBytes ?? null,
    restarts: worker.restarts,
    crashes: worker.crashes,
    retryInMs: worker.retryInMs === undefined ? null : Math.round(worker.retryInMs),
    lastExit: worker.lastExit ?? null,
    serving: (report?.current ?? []).map(({ method, path, since }) => ({ method, path, forMs: now - since })),
  };
}

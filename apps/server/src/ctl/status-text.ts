import { formatAge, formatBytes, formatCount, table } from './format.ts';
import type { PoolLine, ServerLine, ServerStatus, UpstreamLine, WorkerLine } from './types.ts';

const HEAD = [
  'worker',
  'pid',
  'state',
  'age',
  'conns',
  'active',
  'requests',
  'req/s',
  'busy',
  'lag',
  'memory',
  'restarts',
];

const SERVER_HEAD = ['server', 'state', 'in flight', 'failures'];

/** A worker reports once a second: one that has been silent for longer blocks. */
const SILENT_MS = 3000;

/** A status as a table for people. */
export function statusText(status: ServerStatus): string {
  const { version, pid, ageMs, memoryBytes } = status;
  const upgrade = [
    status.successorPid === null ? '' : `, upgrading to ${status.successorPid}`,
    status.predecessorPid === null ? '' : `, replacing ${status.predecessorPid}`,
  ].join('');
  const head = `highball ${version}  master ${pid}  up ${formatAge(ageMs)}  ${formatBytes(memoryBytes)}${upgrade}`;
  const parts = [head, ...status.pools.map(poolText), ...status.upstreams.map(upstreamText)];
  return `${parts.join('\n\n')}\n`;
}

function upstreamText({ name, balance, circuit, waiting, servers, more }: UpstreamLine): string {
  const states = [
    balance,
    `${waiting} waiting`,
    ...(circuit === 'closed' ? [] : [`circuit ${circuit}`]),
    ...(more === 0 ? [] : [`${more} more servers, all up`]),
  ];
  return [
    `upstream ${name}  ${states.join(', ')}`,
    ...table([SERVER_HEAD, ...servers.map(serverCells)]),
    ...servers.flatMap(serverNotes),
  ].join('\n');
}

function serverCells({ id, state, backup, active, failures }: ServerLine): string[] {
  return [id, backup ? `${state}, backup` : state, String(active), String(failures)];
}

function serverNotes({ id, state, why, seenBy, workers }: ServerLine): string[] {
  if (why === null) return [];
  const where = seenBy === workers ? '' : ` in ${seenBy} of ${workers} workers`;
  return [`  ${id}: ${state}${where}: ${printable(why)}`];
}

function poolText(pool: PoolLine): string {
  const places = pool.queues.map(({ address, queued }) =>
    queued === null ? address : `${address} (${queued} waiting to be accepted)`,
  );
  const states = [
    `${pool.workers.filter(({ state }) => state === 'ready').length} of ${pool.size} workers ready`,
    `generation ${pool.generation}`,
    ...(pool.reloading ? ['reloading'] : []),
    ...(pool.drained ? ['drained'] : []),
    ...(pool.state === 'running' ? [] : [pool.state]),
  ];
  const notes = pool.workers.flatMap(workerNotes);
  return [
    `${pool.name}  ${places.join(', ')}  ${states.join(', ')}`,
    ...table([HEAD, ...pool.workers.map(workerCells)]),
    ...notes,
  ].join('\n');
}

function workerCells(worker: WorkerLine): string[] {
  const { utilisation } = worker;
  return [
    String(worker.id),
    worker.pid === null ? '-' : String(worker.pid),
    stateOf(worker),
    worker.pid === null ? '-' : formatAge(worker.ageMs),
    formatCount(worker.connections),
    formatCount(worker.active),
    formatCount(worker.requests),
    formatCount(worker.requestsPerSecond),
    utilisation === null ? '-' : `${Math.round(utilisation * 100)}%`,
    worker.loopLagMs === null ? '-' : `${worker.loopLagMs}ms`,
    formatBytes(worker.memoryBytes),
    String(worker.restarts),
  ];
}

function stateOf({ state, silentMs, active }: WorkerLine): string {
  if (state === 'waiting') return 'backing off';
  if (state !== 'ready') return state;
  if (silentMs !== null && silentMs > SILENT_MS) return 'blocked';
  return active !== null && active > 0 ? 'busy' : 'idle';
}

/** What does not fit into columns. */
function workerNotes(worker: WorkerLine): string[] {
  const notes: string[] = [];
  if (worker.retryInMs !== null) {
    notes.push(`next attempt in ${formatAge(worker.retryInMs)}, after ${worker.crashes} crashes`);
  }
  if (worker.lastExit !== null && worker.crashes > 0) notes.push(`the last one ${worker.lastExit}`);
  if (stateOf(worker) === 'blocked') {
    const [longest] = worker.serving;
    const what = longest ? `, serving ${longest.method} ${longest.path} for ${formatAge(longest.forMs)}` : '';
    notes.push(`gives no sign of life for ${formatAge(worker.silentMs ?? 0)}${what}`);
  }
  return notes.map((note) => `  worker ${worker.id}: ${printable(note)}`);
}

/** What a client has asked for must not be able to steer the terminal. */
function printable(text: string): string {
  return text.replaceAll(/\p{Cc}+/gu, ' ');
}

import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { ask } from '../answer.ts';
import type { Benchmark, Context, Outcome } from '../benchmark.ts';
import { requestText } from '../request.ts';
import { type Contender, type RunningServer, startServer } from '../server.ts';
import { serve } from '../servers/highball.ts';
import { node } from '../servers/others.ts';
import { median, ratioOf } from '../statistics.ts';

/** Below the number that one worker holds. */
const CONNECTIONS = 3500;
const SMOKE_CONNECTIONS = 100;
/** Opened at the same time. */
const BATCH = 100;
/**
 * Open before anything is counted: what a server allocates once is no matter of the connections. No more load than
 * this, since a heap that has grown under it would have room for thousands without anybody seeing it.
 */
const FIRST = 500;

/** Bytes of one connection. */
interface Memory {
  /** On the heap and in buffers. */
  readonly inUse: number;
  /** Of the process, as the system sees it. */
  readonly resident: number;
}

/** Memory of a connection that has had an answer and is kept open. */
export const idle: Benchmark = { name: 'idle', run: compareIdle };

async function compareIdle(context: Context): Promise<Outcome> {
  const contenders = [serve('idle.ts:app'), node('node:http', 'idle-node.ts')];
  const measured = contenders.map((): Memory[] => []);
  for (let round = 0; round < context.options.rounds; round++) {
    for (const [i, contender] of contenders.entries()) measured[i]?.push(await measure(contender, context));
  }
  const [ours = [], theirs = []] = measured;
  const note = `An idle connection of ours takes ${inKb(ours, 'resident')} kB of memory (${inKb(ours, 'inUse')} of the heap and buffers), one of node:http ${inKb(theirs, 'resident')} kB (${inKb(theirs, 'inUse')}); the kernel's part is in neither.`;
  context.log(note);
  return {
    rows: [
      {
        work: 'memory of an idle kept-alive connection',
        against: 'node:http',
        better: 'less',
        target: 1,
        aim: 0.5,
        ratio: ratioOf(residentOf(ours), residentOf(theirs)),
      },
    ],
    details: [],
    notes: [note],
    failures: [],
  };
}

function residentOf(measured: readonly Memory[]): number[] {
  return measured.map(({ resident }) => resident);
}

function inKb(measured: readonly Memory[], key: keyof Memory): string {
  return (median(measured.map((each) => each[key])) / 1000).toFixed(1);
}

async function measure(contender: Contender, { folder, options }: Context): Promise<Memory> {
  const count = options.smoke ? SMOKE_CONNECTIONS : CONNECTIONS;
  await using server = await startServer(contender, { folder });
  const sockets: Socket[] = [];
  try {
    await openIdle(server, sockets, FIRST);
    const before = await memoryOf(server);
    await openIdle(server, sockets, FIRST + count);
    const after = await memoryOf(server);
    const lost = sockets.filter(({ readyState }) => readyState !== 'open').length;
    if (lost > 0) throw new Error(`${server.name} has closed ${lost} of ${sockets.length} idle connections`);
    return {
      inUse: (after.inUse - before.inUse) / count,
      resident: (after.resident - before.resident) / count,
    };
  } finally {
    for (const socket of sockets) socket.destroy();
  }
}

async function memoryOf({ port }: RunningServer): Promise<Memory> {
  return JSON.parse((await ask(port, '/memory')).body) as Memory;
}

/** Opens connections until there are so many, and has one request answered on each. */
async function openIdle({ port }: RunningServer, sockets: Socket[], count: number): Promise<void> {
  while (sockets.length < count) {
    sockets.push(...(await Promise.all(Array.from({ length: BATCH }, () => openOne(port)))));
  }
}

async function openOne(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  socket.write(requestText('/', 'browser'));
  await once(socket, 'data');
  return socket.resume();
}

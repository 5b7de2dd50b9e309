/**
 * Sends requests at times that do not depend on the answers, as independent users do, and prints how long each took
 * from the moment at which it should have left. One that had to wait since the server was slow with others counts
 * with its wait: what load generators leave out that send the next request after the answer ("coordinated omission",
 * Gil Tene, How NOT to Measure Latency). The gaps are exponentially distributed, by a generator with a fixed seed.
 *
 * Arguments: port, requests a second, seconds, connections, bytes of an answer, and the request. A rate of 0 sends
 * the next one as soon as there is an answer. The loop never sleeps: it has a CPU for itself.
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

const [port = 0, rate = 0, seconds = 1, connections = 1, answerBytes = 1] = process.argv
  .slice(2, 7)
  .map(Number);
const request = Buffer.from(process.argv[7] ?? '', 'latin1');
const WARM_UP_MS = 700;
const MAX_SAMPLES = 10_000_000;

interface Connection {
  readonly socket: Socket;
  /** When its request should have left; 0 where none is on its way. */
  since: number;
  received: number;
}

/** Milliseconds, without garbage for each. */
class Samples {
  readonly #values = new Float64Array(MAX_SAMPLES);
  count = 0;

  add(value: number): void {
    if (this.count < MAX_SAMPLES) this.#values[this.count++] = value;
  }

  /** In microseconds. */
  percentile(percent: number): number {
    const sorted = this.#values.subarray(0, this.count).toSorted();
    return Math.round((sorted[Math.ceil((percent / 100) * sorted.length) - 1] ?? 0) * 1000);
  }
}

const latencies = new Samples();
/** How late requests left for which a connection was free: what this program itself adds. */
const lateness = new Samples();
const all: Connection[] = [];
const free: Connection[] = [];
/** Times of requests that found no connection free. */
const waiting: number[] = [];
let firstWaiting = 0;
/** All answers, of the warm-up too. */
let answers = 0;
let seed = 20_261_121;

/** Mulberry32, by Tommy Ettinger: from 0 to 1. */
function random(): number {
  seed = (seed + 0x6d_2b_79_f5) | 0;
  let mixed = Math.imul(seed ^ (seed >>> 15), 1 | seed);
  mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
  return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
}

async function open(): Promise<Connection> {
  const onread = {
    buffer: Buffer.allocUnsafe(65_536),
    callback: (bytes: number): boolean => {
      connection.received += bytes;
      if (connection.received === answerBytes) hear(connection);
      if (connection.received > answerBytes) throw new Error('an answer is longer than the first one was');
      return true;
    },
  };
  const socket = connect({ host: '127.0.0.1', port, noDelay: true, onread });
  const connection = { socket, since: 0, received: 0 };
  await once(socket, 'connect');
  socket.once('close', () => {
    throw new Error('the server has closed a connection');
  });
  return connection;
}

function send(connection: Connection, since: number): void {
  connection.since = since;
  connection.received = 0;
  connection.socket.write(request);
}

function hear(connection: Connection): void {
  answers++;
  const now = performance.now();
  if (connection.since >= begun) latencies.add(now - connection.since);
  connection.since = 0;
  const since = rate === 0 ? now : waiting[firstWaiting];
  if (since === undefined) free.push(connection);
  else {
    firstWaiting++;
    send(connection, since);
  }
}

/** Sends what is due. */
function tick(): void {
  const now = performance.now();
  if (now >= end) finish();
  for (; next <= now; next += (-Math.log(1 - random()) * 1000) / rate) {
    const connection = free.pop();
    if (connection === undefined) waiting.push(next);
    else {
      if (next >= begun) lateness.add(performance.now() - next);
      send(connection, next);
    }
  }
  setImmediate(tick);
}

/** Who is not answered yet has waited at least until now: a server that cannot keep up shall not look better for it. */
function countUnanswered(): void {
  const now = performance.now();
  for (const { since } of all) if (since >= begun) latencies.add(now - since);
  for (let i = firstWaiting; i < waiting.length; i++) {
    if ((waiting[i] ?? 0) >= begun) latencies.add(now - (waiting[i] ?? now));
  }
}

function finish(): never {
  const answered = latencies.count;
  countUnanswered();
  const result = {
    answers,
    perSecond: answered / seconds,
    p50Us: latencies.percentile(50),
    p99Us: latencies.percentile(99),
    lateP99Us: lateness.percentile(99),
    unsent: waiting.length - firstWaiting,
  };
  console.log(JSON.stringify(result));
  process.exit();
}

for (let i = 0; i < connections; i++) all.push(await open());
free.push(...all);
const begun = performance.now() + WARM_UP_MS;
const end = begun + seconds * 1000;
let next = rate === 0 ? Number.POSITIVE_INFINITY : performance.now();
if (rate === 0) for (const connection of free) send(connection, performance.now());
tick();

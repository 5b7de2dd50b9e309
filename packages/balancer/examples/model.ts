import { type Balancer, createBalancer, type Peer, type Strategy } from '@highball/balancer';

/** What the simulated peers do wrong. */
export type Scenario = 'equal' | 'mixed' | 'slow' | 'flapping';

/** A server that works on so many requests at a time and lets the others wait. */
interface Server {
  readonly id: string;
  /** How many times as fast as the first kind. */
  readonly speed: number;
  readonly slots: number;
  /** Whether it refuses everything at a time, and how many times as long it takes. */
  readonly isDown: (ms: number) => boolean;
  readonly slowness: (ms: number) => number;
  working: number;
  /** Kept while its first has not begun. */
  readonly waiting: Request[];
}

interface Request {
  readonly startedAt: number;
  readonly workMs: number;
  readonly key: string;
  readonly tried: Set<string>;
  /** Which of the balancers it came to. */
  readonly balancer: Balancer;
  peer: Peer | undefined;
  sentAt: number;
  isOver: boolean;
}

interface Event {
  readonly at: number;
  readonly order: number;
  readonly run: () => void;
}

/** What one strategy made of one scenario. */
export interface Result {
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Requests that got no answer in time, in percent. They count as answered at the end of that time. */
  readonly failedPercent: number;
  /** The busiest peer's requests for its speed, as a multiple of the mean. */
  readonly spread: number;
  /** All answer times in ascending order, for the plot. */
  readonly times: Float64Array;
}

const PEERS = 12;
const SLOTS = 4;
/** The mean work of a request on a peer of speed 1. */
const WORK_MS = 20;
/** So much of what all peers can do is asked of them. */
const LOAD = 0.65;
const REQUESTS = 20_000;
/** A refused connection is noticed after this, and the request goes to another peer; so often at the most. */
const REFUSED_MS = 2;
const MOST_TRIES = 3;
/** The proxy gives up on an answer after this, and takes it for a failure of the peer. */
const TIMEOUT_MS = 2000;
/** Workers of a proxy, each with a balancer that knows of its own requests only. */
const BALANCERS = 4;
/** What the loop of a peer that is slow tells of its delay. */
const SLOW_DELAY_MS = 70;
/** Clients by their addresses; a few of them ask far more than the others (Zipf). */
const CLIENTS = 5000;

/** Runs one strategy through one scenario: discrete events, the same traffic for all. */
export function simulate(strategy: Strategy, scenario: Scenario, seed = 1): Result {
  return new Simulation(strategy, scenario, seed).run();
}

class Simulation {
  readonly #servers: Map<string, Server>;
  readonly #balancers: readonly Balancer[];
  readonly #traffic: () => number;
  readonly #meanGapMs: number;
  readonly #events: EventQueue = new EventQueue();
  readonly #times: number[] = [];
  readonly #served = new Map<string, number>();
  #now = 0;
  #failed = 0;

  constructor(strategy: Strategy, scenario: Scenario, seed: number) {
    const servers = serversOf(scenario);
    this.#servers = new Map(servers.map((server) => [server.id, server]));
    this.#traffic = seeded(seed);
    const capacity = servers.reduce((sum, { speed, slots }) => sum + speed * slots, 0);
    this.#meanGapMs = WORK_MS / (capacity * LOAD);
    this.#balancers = Array.from({ length: BALANCERS }, (_, i) =>
      createBalancer({
        peers: servers.map(({ id }) => ({ id })),
        strategy,
        now: () => this.#now,
        random: seeded(seed + 1 + i),
      }),
    );
  }

  run(): Result {
    this.#arrive(0);
    for (let event = this.#events.take(); event !== undefined; event = this.#events.take()) {
      this.#now = event.at;
      event.run();
    }
    return this.#result();
  }

  /** The n-th request: its gap, its work and its client come from the same numbers for every strategy. */
  #arrive(n: number): void {
    if (n === REQUESTS) return;
    const startedAt = this.#now;
    const workMs = WORK_MS * exponential(this.#traffic());
    const client = Math.floor(CLIENTS * this.#traffic() ** 2);
    const balancer = this.#balancers[Math.floor(BALANCERS * this.#traffic())] as Balancer;
    this.#events.add(startedAt + this.#meanGapMs * exponential(this.#traffic()), () => this.#arrive(n + 1));
    const rest = { tried: new Set<string>(), peer: undefined, sentAt: startedAt, isOver: false };
    this.#send({ startedAt, workMs, key: addressOf(client), balancer, ...rest });
  }

  #send(request: Request): void {
    const peer = request.balancer.pick({ key: request.key, exclude: request.tried });
    if (peer === undefined) return this.#fail(request);
    Object.assign(request, { peer, sentAt: this.#now });
    const server = this.#servers.get(peer.id) as Server;
    if (server.isDown(this.#now)) {
      this.#events.add(this.#now + REFUSED_MS, () => this.#refused(request));
      return;
    }
    this.#events.add(this.#now + TIMEOUT_MS, () => this.#timedOut(request));
    if (server.working < server.slots) this.#work(server, request);
    else server.waiting.push(request);
  }

  #fail(request: Request): void {
    this.#failed++;
    this.#times.push(this.#now - request.startedAt);
  }

  #timedOut(request: Request): void {
    if (request.isOver) return;
    request.isOver = true;
    request.balancer.release(request.peer as Peer, 'failed', { rttMs: TIMEOUT_MS });
    this.#fail(request);
  }

  #refused(request: Request): void {
    const peer = request.peer as Peer;
    request.balancer.release(peer, 'failed', { rttMs: REFUSED_MS });
    request.tried.add(peer.id);
    if (request.tried.size < MOST_TRIES) this.#send(request);
    else this.#fail(request);
  }

  #work(server: Server, request: Request): void {
    server.working++;
    const ms = (request.workMs / server.speed) * server.slowness(this.#now);
    this.#events.add(this.#now + ms, () => this.#done(server, request));
  }

  /** The client of a request that was given up has left: what had not begun is not begun any more. */
  #done(server: Server, request: Request): void {
    server.working--;
    let next = server.waiting.shift();
    while (next?.isOver) next = server.waiting.shift();
    if (next !== undefined) this.#work(server, next);
    if (request.isOver) return;
    request.isOver = true;
    this.#times.push(this.#now - request.startedAt);
    this.#served.set(server.id, (this.#served.get(server.id) ?? 0) + 1);
    const queue = server.working + server.waiting.length;
    const load = { delayMs: server.slowness(this.#now) > 1 ? SLOW_DELAY_MS : 0, queue };
    request.balancer.release(request.peer as Peer, 'ok', { rttMs: this.#now - request.sentAt, load });
  }

  #result(): Result {
    const times = Float64Array.from(this.#times).toSorted();
    const shares = [...this.#servers.values()].map(({ id, speed }) => (this.#served.get(id) ?? 0) / speed);
    const mean = shares.reduce((sum, share) => sum + share, 0) / shares.length;
    return {
      p50Ms: times[Math.floor(times.length * 0.5)] as number,
      p99Ms: times[Math.floor(times.length * 0.99)] as number,
      failedPercent: (100 * this.#failed) / REQUESTS,
      spread: Math.max(...shares) / mean,
      times,
    };
  }
}

/** Twelve servers: all alike; four half as fast and four twice; one that turns slow; two that come and go. */
function serversOf(scenario: Scenario): Server[] {
  return Array.from({ length: PEERS }, (_, i) => ({
    id: `p${i}`,
    speed: scenario === 'mixed' ? ([0.5, 1, 2][i % 3] as number) : 1,
    slots: SLOTS,
    isDown: (ms) => scenario === 'flapping' && i < 2 && Math.floor(ms / 1500 + i / 2) % 2 === 1,
    slowness: (ms) => (scenario === 'slow' && i === 0 && ms > 2000 ? 8 : 1),
    working: 0,
    waiting: [],
  }));
}

/** Events by their time; those of one time in the order in which they came. */
class EventQueue {
  readonly #heap: Event[] = [];
  #order = 0;

  add(at: number, run: () => void): void {
    const heap = this.#heap;
    heap.push({ at, run, order: this.#order++ });
    for (let i = heap.length - 1; i > 0;) {
      const parent = (i - 1) >> 1;
      if (!isBefore(heap[i] as Event, heap[parent] as Event)) break;
      [heap[i], heap[parent]] = [heap[parent] as Event, heap[i] as Event];
      i = parent;
    }
  }

  take(): Event | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (last === undefined || first === last) return first;
    heap[0] = last;
    for (let i = 0, child = 1; child < heap.length; i = child, child = 2 * i + 1) {
      if (child + 1 < heap.length && isBefore(heap[child + 1] as Event, heap[child] as Event)) child++;
      if (!isBefore(heap[child] as Event, heap[i] as Event)) break;
      [heap[i], heap[child]] = [heap[child] as Event, heap[i] as Event];
    }
    return first;
  }
}

function isBefore(a: Event, b: Event): boolean {
  return a.at === b.at ? a.order < b.order : a.at < b.at;
}

/** Clients are at home in networks of their own. */
function addressOf(client: number): string {
  const bits = Math.imul(client + 1, 0x9e3779b1) >>> 0;
  return `${1 + (bits >>> 25)}.${(bits >>> 16) & 255}.${(bits >>> 8) & 255}.${bits & 255}`;
}

/** Of mean 1. */
function exponential(lot: number): number {
  return -Math.log(1 - lot);
}

/** mulberry32: the same numbers in every run. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

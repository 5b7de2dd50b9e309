import net from 'node:net';
import { LimitsOptionError, StoreError } from './errors.ts';
import { LineReader, LineSender, type Message, type Reply, writeLimit } from './keeper-protocol.ts';
import { LeaseBook } from './lease-book.ts';
import { holdsAny, once } from './memory-store.ts';
import { type Claim, type Decision, GRANTED, type Limit, type LimitStore } from './store.ts';

/** Options of {@link keeperStore}. */
export interface KeeperStoreOptions {
  /** The keeper's socket. */
  path: string;
  /**
   * So many requests of a key may be accounted in advance, and are then let pass without asking: by this many for
   * each worker and key, requests may be refused too early, never let pass too often. 0: every request asks.
   * @default 128
   */
  leaseRequests?: number;
  /** What is left of a lease after so long is forfeited. @default 100 */
  leaseMs?: number;
  /** Milliseconds that only go forward, for tests. @default performance.now */
  now?: () => number;
  /** Connects to the keeper, for tests. @default net.connect */
  connect?: (path: string) => net.Socket;
}

/** What a busy worker has of one key in some milliseconds; a lease is never more than half of what may pass at once. */
const DEFAULT_LEASE_REQUESTS = 128;

interface Waiting {
  readonly resolve: (reply: Reply) => void;
  readonly reject: (error: StoreError) => void;
}

/** Answers that may be missing at a time; more than a worker has requests under way. */
const MAX_WAITING = 100_000;

/**
 * Asks a keeper (`createKeeper`) in another process of the machine. Connects when first asked, and again after the
 * keeper was away.
 * @throws LimitsOptionError
 */
export function keeperStore(options: KeeperStoreOptions): LimitStore {
  const { leaseRequests = DEFAULT_LEASE_REQUESTS, leaseMs = 100, now = () => performance.now() } = options;
  if (!(leaseRequests >= 0))
    throw new LimitsOptionError(`leaseRequests must be at least 0, not ${leaseRequests}`);
  if (!(leaseMs > 0)) throw new LimitsOptionError(`leaseMs must be more than 0, not ${leaseMs}`);
  const connect = options.connect ?? net.connect;
  const leases = new LeaseBook(leaseRequests, leaseMs);
  let line: Line | undefined;
  let closed = false;

  const ask = async (claims: readonly Claim[], keys: string | undefined, want: number): Promise<Decision> => {
    if (closed) throw new StoreError('STORE_CLOSED', 'the store is closed');
    if (line === undefined || line.dead) {
      line = new Line(connect(options.path));
      leases.clear();
    }
    const asked = line;
    const { id, reply } = asked.acquire(claims, want);
    let extra = 0;
    try {
      const [, refusedBy, delayMs, retryAfterMs, granted] = await reply;
      extra = granted;
      if (refusedBy >= 0) return { refusedBy, delayMs, retryAfterMs };
      if (!holdsAny(claims)) return delayMs === 0 ? GRANTED : { refusedBy, delayMs, retryAfterMs };
      return { refusedBy, delayMs, retryAfterMs, release: once(() => asked.release(id)) };
    } finally {
      if (keys !== undefined) leases.settle(keys, want, extra, now());
    }
  };

  return {
    acquire(claims) {
      if (leaseRequests === 0 || closed || holdsAny(claims)) return ask(claims, undefined, 0);
      const keys = joinKeys(claims);
      const want = leases.take(keys, now());
      return want === -1 ? GRANTED : ask(claims, keys, want);
    },
    close() {
      closed = true;
      line?.cut();
    },
  };
}

/** One text for a set of keys; with lengths, so that no key can pass for two. */
function joinKeys(claims: readonly Claim[]): string {
  let joined = '';
  for (const { limit, key } of claims) joined += `${limit.name}:${key.length}:${key}`;
  return joined;
}

/** One connection to the keeper. */
class Line {
  dead = false;
  readonly #socket: net.Socket;
  readonly #sender: LineSender<Message>;
  readonly #reader = new LineReader<Reply>();
  readonly #waiting = new Map<number, Waiting>();
  readonly #limits = new Map<Limit, number>();
  #serial = 0;

  constructor(socket: net.Socket) {
    this.#socket = socket;
    this.#sender = new LineSender((line) => void (this.dead || socket.write(line)));
    // Requests keep a process alive, not the limits on them.
    socket.unref();
    socket.setEncoding('utf8');
    socket.on('data', (chunk) => this.#onData(String(chunk)));
    socket.on('error', (cause) => this.#die(cause));
    socket.on('close', () => this.#die());
  }

  acquire(claims: readonly Claim[], want: number): { id: number; reply: Promise<Reply> } {
    const id = ++this.#serial;
    if (this.#waiting.size >= MAX_WAITING) {
      return {
        id,
        reply: Promise.reject(new StoreError('STORE_FAILED', 'too many requests wait for the keeper')),
      };
    }
    const fields = claims.flatMap(({ limit, key, member = '' }) => [this.#indexOf(limit), key, member]);
    this.#sender.push([1, id, want, ...fields]);
    return { id, reply: new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject })) };
  }

  release(id: number): void {
    // A keeper that was lost has released all by itself.
    if (!this.dead) this.#sender.push([2, id]);
  }

  cut(): void {
    this.#socket.destroy();
    this.#die();
  }

  #indexOf(limit: Limit): number {
    let index = this.#limits.get(limit);
    if (index === undefined) {
      index = this.#limits.size;
      this.#limits.set(limit, index);
      this.#sender.push(writeLimit(index, limit));
    }
    return index;
  }

  #onData(chunk: string): void {
    try {
      for (const reply of this.#reader.push(chunk)) {
        const waiting = this.#waiting.get(reply[0]);
        this.#waiting.delete(reply[0]);
        waiting?.resolve(reply);
      }
    } catch (cause) {
      this.#socket.destroy();
      this.#die(cause);
    }
  }

  #die(cause?: unknown): void {
    if (this.dead) return;
    this.dead = true;
    const error = new StoreError('STORE_AWAY', 'the keeper of the limits cannot be reached', { cause });
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }
}

import { once } from 'node:events';
import net from 'node:net';
import {
  type AcquireMessage,
  LineReader,
  LineSender,
  type Message,
  readClaims,
  readLimit,
  type Reply,
} from './keeper-protocol.ts';
import { LimitTable } from './limit-table.ts';
import { listen } from './listen.ts';
import { checkMaxKeys, DEFAULT_MAX_KEYS, holdsAny } from './memory-store.ts';
import type { Claim, Limit } from './store.ts';

/** Options of {@link createKeeper}. */
export interface KeeperOptions {
  /** Keys of each limit; of more, the longest unused is forgotten. @default 65_536 */
  maxKeys?: number;
  /** Milliseconds that only go forward, for tests. @default performance.now */
  now?: () => number;
}

/** Where a keeper listens; `mode` of the file is 0o600 by default. */
export type KeeperTarget = { readonly path: string; readonly mode?: number } | { readonly fd: number };

/** Keeps the counts for all workers of a machine. */
export interface Keeper {
  /**
   * Listens on a Unix socket by its path, or on one that was inherited. Whoever can connect can exhaust a limit: a
   * path is made for its owner alone, unless `mode` says otherwise. One that a keeper has left behind is replaced.
   */
  listen(target: KeeperTarget): Promise<void>;
  /** Cuts the workers off, which then do without. */
  close(): Promise<void>;
  /** How many keys it keeps: `rates`, and `held` where something is under way. */
  size(): { rates: number; held: number };
}

/** A worker that does not read its answers is cut off beyond so many bytes. */
const MAX_UNREAD_BYTES = 16_777_216;
/** More limits than any configuration has. */
const MAX_LIMITS = 10_000;

/**
 * Makes a keeper: for one process beside the workers, which are given its socket by `keeperStore`.
 * @throws LimitsOptionError
 */
export function createKeeper(options: KeeperOptions = {}): Keeper {
  const { maxKeys = DEFAULT_MAX_KEYS, now = () => performance.now() } = options;
  checkMaxKeys(maxKeys);
  const table = new LimitTable(maxKeys);
  const sockets = new Set<net.Socket>();
  let connections = 0;
  const server = net.createServer((socket) => {
    sockets.add(socket);
    const client = new Client(String(connections++), socket, table, () => Math.floor(now()));
    socket.setEncoding('utf8');
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => client.onData(String(chunk)));
    socket.once('close', () => {
      sockets.delete(socket);
      client.releaseAll();
    });
  });
  return {
    listen: (target) => listen(server, target),
    async close() {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
    size: () => table.size(),
  };
}

/** A worker, as the keeper sees it. */
class Client {
  readonly #name: string;
  readonly #socket: net.Socket;
  readonly #table: LimitTable;
  readonly #now: () => number;
  readonly #reader = new LineReader<Message>();
  readonly #replies: LineSender<Reply>;
  readonly #limits: Limit[] = [];
  readonly #held = new Map<number, readonly Claim[]>();

  constructor(name: string, socket: net.Socket, table: LimitTable, now: () => number) {
    this.#name = name;
    this.#socket = socket;
    this.#table = table;
    this.#now = now;
    this.#replies = new LineSender((line) => this.#send(line));
  }

  onData(chunk: string): void {
    try {
      for (const message of this.#reader.push(chunk)) this.#onMessage(message);
    } catch {
      // It speaks another language: another version, or somebody else.
      this.#socket.destroy();
    }
  }

  /** The worker is gone, and so are its requests. */
  releaseAll(): void {
    for (const id of this.#held.keys()) this.#release(id);
  }

  #onMessage(message: Message): void {
    if (message[0] === 1) {
      this.#acquire(message);
    } else if (message[0] === 2) {
      this.#release(message[1]);
    } else {
      const [, index, ...fields] = message;
      if (index !== this.#limits.length || index >= MAX_LIMITS) throw new TypeError('not the next limit');
      this.#limits.push(readLimit(fields));
    }
  }

  #acquire([, id, want, ...fields]: AcquireMessage): void {
    const claims = readClaims(fields, this.#limits);
    const { refusedBy, delayMs, retryAfterMs, extra } = this.#table.acquire(
      this.#named(claims),
      this.#member(id),
      this.#now(),
      want,
    );
    if (refusedBy === -1 && holdsAny(claims)) this.#held.set(id, this.#named(claims));
    this.#replies.push([id, refusedBy, delayMs, retryAfterMs, extra]);
  }

  #release(id: number): void {
    const claims = this.#held.get(id);
    if (claims === undefined) return;
    this.#held.delete(id);
    this.#table.release(claims, this.#member(id));
  }

  #member(id: number): string {
    return `${this.#name}/${id}`;
  }

  /** Members are told apart by their worker, too. */
  #named(claims: readonly Claim[]): readonly Claim[] {
    if (claims.every(({ member }) => member === undefined)) return claims;
    return claims.map((claim) =>
      claim.member === undefined ? claim : { ...claim, member: `${this.#name}/${claim.member}` },
    );
  }

  #send(line: string): void {
    if (this.#socket.destroyed) return;
    this.#socket.write(line);
    if (this.#socket.writableLength > MAX_UNREAD_BYTES) this.#socket.destroy();
  }
}

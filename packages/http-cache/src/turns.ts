import { createHash, randomUUID } from 'node:crypto';
import { mkdirSync, rmSync } from 'node:fs';
import { readlink, symlink, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { Lead } from './lead.ts';
import { PeerClient } from './peer-client.ts';
import { PeerFolder } from './peer-folder.ts';
import { PeerServer, type Tell } from './peer-server.ts';

/** Whose turn it is to fetch something. */
export type Turn =
  | { readonly kind: 'lead'; readonly lead: Lead }
  /** Another process has it. */
  | { readonly kind: 'follow'; follow(tell: Tell): void }
  /** That cannot be known: each fetches for itself. */
  | { readonly kind: 'alone' };

/** A lock that changes hands so often while it is looked at is left alone. */
const MAX_TRIES = 32;

const ALONE: Turn = { kind: 'alone' };

/**
 * Lets one of all processes that share a folder fetch a resource, and the others know what becomes of it.
 *
 * The lock is a symbolic link, made in one step and only once; it names the process that holds it, and the socket of
 * that process answers as long as it lives. So a lock ends with its process, however that ends, and nobody waits for
 * the dead. One that was left behind is not removed, which two could do after one another, but followed by another
 * of the next generation; whoever holds that removes those before.
 */
export class Turns {
  readonly #folder: string;
  readonly #peers: PeerFolder;
  readonly #self: string = `${process.pid}-${randomUUID()}`;
  readonly #leads = new Map<string, Lead>();
  /** Locks that are being taken: others may see one before it is known here. */
  readonly #taking = new Map<string, Promise<Lead | undefined>>();
  readonly #clients = new Map<string, Promise<PeerClient | undefined>>();
  #listening: Promise<PeerServer> | undefined;
  #closed = false;

  constructor(folder: string) {
    this.#folder = join(folder, 'fetches');
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    this.#peers = new PeerFolder(join(folder, 'peers'));
  }

  /** Takes the turn, or tells who has it. Whoever leads must end that. */
  async take(key: string): Promise<Turn> {
    if (this.#closed) return ALONE;
    try {
      await (this.#listening ??= this.#listen());
      return await this.#take(createHash('sha256').update(key).digest('hex'));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') this.#makeAnew();
      // A folder that is full or gone keeps nobody from being answered.
      return ALONE;
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const lead of this.#leads.values()) lead.releaseNow();
    const server = await this.#listening?.catch(() => undefined);
    server?.close();
    for (const client of this.#clients.values()) (await client.catch(() => undefined))?.close();
    this.#peers.close();
  }

  async #take(name: string): Promise<Turn> {
    let generation = 0;
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const lead = await this.#takeLock(name, generation);
      if (lead !== undefined) return { kind: 'lead', lead };
      const holder = await readlink(this.#lockOf(name, generation)).catch(() => undefined);
      const client = holder === undefined ? undefined : await this.#client(holder);
      if (client !== undefined) return { kind: 'follow', follow: (tell) => client.follow(name, tell) };
      // Let go in this moment, or held by the dead.
      generation = holder === undefined ? 0 : generation + 1;
    }
    return ALONE;
  }

  async #takeLock(name: string, generation: number): Promise<Lead | undefined> {
    const taking = made(this.#self, this.#lockOf(name, generation)).then((taken) =>
      taken ? this.#lead(name, generation) : undefined,
    );
    this.#taking.set(name, taking);
    try {
      return await taking;
    } finally {
      if (this.#taking.get(name) === taking) this.#taking.delete(name);
    }
  }

  #lead(name: string, generation: number): Lead {
    const locks = Array.from({ length: generation + 1 }, (_, before) => this.#lockOf(name, before));
    const lead = new Lead({
      release: async () => {
        for (const lock of locks) await unlink(lock).catch(() => undefined);
        if (this.#leads.get(name) === lead) this.#leads.delete(name);
      },
      releaseNow: () => {
        for (const lock of locks) rmSync(lock, { force: true });
      },
    });
    this.#leads.set(name, lead);
    return lead;
  }

  /** Somebody has removed the folder. */
  #makeAnew(): void {
    void this.#listening?.then(
      (server) => server.close(),
      () => undefined,
    );
    this.#listening = undefined;
    this.#peers.make();
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
  }

  #lockOf(name: string, generation: number): string {
    return join(this.#folder, `${name}.${generation}`);
  }

  async #client(peer: string): Promise<PeerClient | undefined> {
    const known = this.#clients.get(peer);
    if (known !== undefined && (await known)?.dead === false) return await known;
    const connecting = PeerClient.connect(this.#peers.socketOf(peer));
    this.#clients.set(peer, connecting);
    let client: PeerClient | undefined;
    try {
      client = await connecting;
    } finally {
      if (client === undefined && this.#clients.get(peer) === connecting) this.#clients.delete(peer);
    }
    return client;
  }

  async #listen(): Promise<PeerServer> {
    const server = await PeerServer.listen(this.#peers, this.#self, (name, tell) => this.#join(name, tell));
    void this.#removeDead();
    return server;
  }

  #join(name: string, tell: Tell): () => void {
    const lead = this.#leads.get(name);
    if (lead !== undefined) return lead.join(tell);
    const leaving = this.#joinTaking(name, tell);
    return () => void leaving.then((leave) => leave?.());
  }

  async #joinTaking(name: string, tell: Tell): Promise<(() => void) | undefined> {
    const lead = await this.#taking.get(name)?.catch(() => undefined);
    if (lead !== undefined) return lead.join(tell);
    tell({ kind: 'over' });
    return undefined;
  }

  /** Sockets of processes that were killed. */
  async #removeDead(): Promise<void> {
    for (const peer of this.#peers.peers()) {
      if (peer === this.#self) continue;
      const client = await PeerClient.connect(this.#peers.socketOf(peer)).catch(() => 'unknown' as const);
      if (client === undefined) this.#peers.remove(peer);
      else if (client !== 'unknown') client.close();
    }
  }
}

/** Makes a link, unless there is one. */
async function made(target: string, path: string): Promise<boolean> {
  try {
    await symlink(target, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return false;
  }
}

import { descriptorsOf, isAlive, type TcpRow, tcpRows } from './processes.ts';

/** Why a connection was lost with its worker. */
export interface Doom {
  readonly pid: number;
  /** What was done to the worker: `killed`, `stopped`, `blocked`. */
  readonly deed: string;
}

/** What is known of a worker's sockets while it cannot run. */
export interface Sight {
  sockets(pid: number): readonly string[];
  connections(): readonly TcpRow[];
  isAlive(pid: number): boolean;
}

const system: Sight = { sockets: descriptorsOf, connections: tcpRows, isAlive };

/**
 * Which connections were accepted by workers that this test itself has killed. It asks the kernel while the worker
 * cannot run (it is stopped, or its event loop is blocked): from then on it accepts nothing, so the list is exact. A
 * connection that waits in the queue belongs to nobody yet, and no worker's death excuses its loss.
 */
export class Doomed {
  readonly #port: number;
  readonly #sight: Sight;
  /** By the client's port. */
  readonly #dooms = new Map<number, Doom>();
  /** All workers that were noted. */
  readonly workers: Set<number> = new Set();

  constructor(port: number, sight: Sight = system) {
    this.#port = port;
    this.#sight = sight;
  }

  /**
   * Notes all connections of a worker that is about to die.
   * @returns their number. @throws Error when the worker is gone already: nobody knows any more what it had.
   */
  note(pid: number, deed: string): number {
    const sockets = new Set(this.#sight.sockets(pid));
    const rows = this.#sight.connections();
    if (!this.#sight.isAlive(pid)) throw new Error(`worker ${pid} was gone before its sockets were read`);
    const own = rows.filter(
      ({ localPort, inode }) => localPort === this.#port && sockets.has(`socket:[${inode}]`),
    );
    this.workers.add(pid);
    for (const { remotePort } of own) if (remotePort !== 0) this.#dooms.set(remotePort, { pid, deed });
    return own.filter(({ remotePort }) => remotePort !== 0).length;
  }

  /** Why the connection from this port of the client was lost; undefined when no worker's death explains it. */
  find(clientPort: number): Doom | undefined {
    return this.#dooms.get(clientPort);
  }

  /** The client has closed: the next connection from this port is another one. */
  forget(clientPort: number): void {
    this.#dooms.delete(clientPort);
  }
}

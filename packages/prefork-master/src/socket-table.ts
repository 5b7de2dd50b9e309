import { formatBind, type ListenTarget, type TcpTarget } from './bind.ts';
import { listenOn, openBeside, type OpenSocket, openSocket, type SocketFacts, takeOver } from './sockets.ts';

/**
 * How workers share an address. `inherited`: one socket, from whose queue all workers accept. `reuseport`: one
 * socket a slot, over which the kernel spreads connections; for TCP addresses only.
 */
export type Sharing = 'inherited' | 'reuseport';

/** A socket on its way to another master, and which of its addresses it belongs to. */
export interface HandedSocket extends SocketFacts {
  /** The address as it was asked for, and its number among equal ones. */
  readonly key: string;
}

interface Plan {
  readonly listen: readonly ListenTarget[];
  readonly backlog: number;
  readonly sharing: Sharing;
}

/** One of the addresses, and its sockets: one, or as many as there have ever been slots. */
interface Address {
  readonly key: string;
  readonly target: ListenTarget;
  readonly sockets: OpenSocket[];
  /** Whether each slot has a socket of its own. */
  readonly perSlot: boolean;
}

/**
 * The sockets of a master and who accepts on them. None is closed while the master runs: the queue of a socket would
 * be lost with it. One whose slot is gone goes to the worker of another slot.
 */
export class SocketTable {
  readonly #addresses: readonly Address[];
  /** The slot that each row of sockets belongs to: row 0 was made for slot 1, and so on. */
  readonly #owners: number[] = [1];
  #closed = false;

  private constructor(addresses: readonly Address[]) {
    this.#addresses = addresses;
    const rows = Math.max(1, ...addresses.filter(({ perSlot }) => perSlot).map((one) => one.sockets.length));
    for (let row = 1; row < rows; row++) this.#owners.push(row + 1);
  }

  /**
   * Binds what is not handed over, and makes it listen. Either all is open in the end, or nothing.
   * @param handed - sockets of an older master; those that are of use here are taken out of the list.
   * @throws {BindError}
   */
  static async open(plan: Plan, size: number, handed: HandedSocket[] = []): Promise<SocketTable> {
    const open: OpenSocket[] = [];
    try {
      const addresses: Address[] = [];
      for (const { key, target } of keyed(plan.listen)) {
        const perSlot = plan.sharing === 'reuseport' && 'host' in target;
        const sockets = claim(handed, key);
        if (sockets.length === 0) {
          sockets.push(await openSocket(target, perSlot));
          open.push(...sockets);
        }
        addresses.push({ key, target, sockets, perSlot });
      }
      const table = new SocketTable(addresses);
      open.push(...table.assign(size).opened);
      await listenOn(open, plan.backlog);
      return table;
    } catch (error) {
      for (const socket of open) socket.close();
      throw error;
    }
  }

  /** The addresses as bound, in the order of `listen`. */
  get bound(): readonly ListenTarget[] {
    return this.#addresses.map(({ sockets, target }) => sockets[0]?.address ?? target);
  }

  /** All sockets that are open here. */
  get sockets(): readonly OpenSocket[] {
    if (this.#closed) return [];
    return this.#addresses.flatMap(({ sockets }) => sockets);
  }

  /** What a worker of this slot inherits: one socket of each address in their order, then those it takes care of. */
  of(slot: number): readonly OpenSocket[] {
    const rows = this.#rowsOf(slot);
    const [own, ...more] = rows;
    const first = this.#addresses.map(({ perSlot, sockets }) => sockets[perSlot ? (own ?? 0) : 0]);
    const others = this.#addresses.flatMap(({ perSlot, sockets }) =>
      perSlot ? more.map((row) => sockets[row]) : sockets.slice(1),
    );
    return [...first, ...others].filter((socket) => socket !== undefined);
  }

  /**
   * Divides the rows among so many slots, binding what is missing.
   * @returns the slots that have got more to take care of, and what was bound.
   */
  assign(size: number): { readonly heirs: ReadonlySet<number>; readonly opened: OpenSocket[] } {
    const heirs = new Set<number>();
    const opened: OpenSocket[] = [];
    if (size === 0 || !this.#addresses.some(({ perSlot }) => perSlot)) return { heirs, opened };
    for (let row = 0; row < Math.max(size, this.#owners.length); row++) {
      if (row < size) {
        opened.push(...this.#bindRow(row));
        this.#owners[row] = row + 1;
      } else if ((this.#owners[row] ?? 0) > size) {
        this.#owners[row] = this.#leastLoaded(size);
        heirs.add(this.#owners[row] as number);
      }
    }
    return { heirs, opened };
  }

  /** What the next master gets. */
  handOver(): HandedSocket[] {
    return this.#addresses.flatMap(({ key, sockets }) =>
      sockets.map(({ fd, address, file }) => ({ key, fd, address, ...(file && { file }) })),
    );
  }

  close(options: { readonly keepFile: boolean }): void {
    for (const socket of this.sockets) socket.close(options);
    this.#closed = true;
  }

  #rowsOf(slot: number): number[] {
    return this.#owners.flatMap((owner, row) => (owner === slot ? [row] : []));
  }

  #leastLoaded(size: number): number {
    const slots = Array.from({ length: size }, (_, index) => index + 1);
    return slots.toSorted((a, b) => this.#rowsOf(a).length - this.#rowsOf(b).length)[0] ?? 1;
  }

  #bindRow(row: number): OpenSocket[] {
    const missing = this.#addresses.filter(({ perSlot, sockets }) => perSlot && sockets.length <= row);
    return missing.map(({ sockets, target }) => {
      const socket = openBeside(sockets[0]?.address as TcpTarget, (target as TcpTarget).ipv6Only ?? false);
      sockets.push(socket);
      return socket;
    });
  }
}

/** Equal addresses, such as port 0 twice, are told apart by their number. */
function keyed(listen: readonly ListenTarget[]): { key: string; target: ListenTarget }[] {
  const seen = new Map<string, number>();
  return listen.map((target) => {
    const text = formatBind(target);
    const number = seen.get(text) ?? 0;
    seen.set(text, number + 1);
    return { key: `${text}#${number}`, target };
  });
}

function claim(handed: HandedSocket[], key: string): OpenSocket[] {
  const mine = handed.filter((socket) => socket.key === key);
  for (const socket of mine) handed.splice(handed.indexOf(socket), 1);
  return mine.map(takeOver);
}

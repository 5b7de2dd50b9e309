import type { Socket } from 'node:net';
import { getSystemErrorName } from 'node:util';
import { convention, type WriteRequest } from './write-request.ts';
import { type Held, turn } from './write-turn.ts';

/** What is needed of a socket. */
export type DirectSocket = Pick<
  Socket,
  'writable' | 'writableLength' | 'writableCorked' | 'connecting' | 'destroy'
>;

/** What a socket of node:net has behind it: libuv's stream. */
interface Handle {
  writeLatin1String(request: WriteRequest | null, text: string): number | WriteRequest;
  writeBuffer(request: WriteRequest | null, bytes: Uint8Array): number | WriteRequest;
}

type Internals = DirectSocket & { readonly _handle?: Handle | null; readonly encrypted?: boolean };

/** Longer messages are written at once: they are worth a system call, and memory for all of them would be much. */
const MAX_HELD_LENGTH = 16_384;

/** The next write's, of whatever socket, where handles are given one: a write that is over at once has not touched it. */
let spare: WriteRequest | undefined;

/**
 * Writes to a socket's handle where nothing waits in the socket: the kernel mostly takes a small message at once, and
 * then the stream's machinery has nothing to do. Of a TCP or a Unix socket; of one that is encrypted, or in a Node
 * whose insides are not those that are known here, nothing is ever written so.
 *
 * Writes keep their order, also beside those by the socket itself. What the socket says of itself
 * (`writableLength`, `writableNeedDrain`, 'drain') does not count what is {@link pending} here, and its `setTimeout`
 * does not notice these writes.
 */
export class DirectWriter implements Held {
  readonly #socket: Internals;
  readonly #onTaken: () => void;
  readonly #batches: boolean;
  /** Whether the socket is one that can be written to so. */
  readonly #usable: boolean;
  #pending: WriteRequest | undefined;
  /** What waits for the end of the turn. */
  #held: string | Uint8Array | undefined;

  /**
   * @param onTaken - called when what was pending is not any more.
   * @param batches - whether the first small message of a turn of the loop waits for its end: see {@link WriteTurn}.
   */
  constructor(socket: DirectSocket, onTaken: () => void, batches = false) {
    this.#socket = socket;
    this.#onTaken = onTaken;
    this.#batches = batches;
    const { _handle: handle, encrypted } = this.#socket;
    this.#usable = convention !== undefined && encrypted !== true && isHandle(handle);
  }

  /** Whether the kernel has yet to take some of what was written last. */
  get pending(): boolean {
    return this.#pending !== undefined;
  }

  /**
   * Writes, if nothing waits before it. An error destroys the socket, as one of its own writes would.
   * @param data - text is latin-1. Bytes must not change as long as they are pending, or held.
   * @returns false when nothing was written, and the socket is to be asked.
   */
  write(data: string | Uint8Array): boolean {
    const isFirst = this.#held === undefined;
    if (!isFirst) this.flush();
    if (!this.#usable || this.#pending !== undefined || !isFree(this.#socket)) return false;
    if (!this.#batches || !isFirst || data.length > MAX_HELD_LENGTH) return this.#write(data);
    this.#held = data;
    turn.add(this);
    return true;
  }

  /** Writes what waits for the end of the turn. To be called before the socket itself is used. */
  flush(): void {
    const held = this.#held;
    if (held === undefined) return;
    this.#held = undefined;
    this.#write(held);
  }

  #write(data: string | Uint8Array): boolean {
    const { _handle: handle } = this.#socket;
    if (!handle) return false;
    const request = takeSpare();
    const outcome =
      typeof data === 'string' ? handle.writeLatin1String(request, data) : handle.writeBuffer(request, data);
    if (typeof outcome !== 'number') this.#wait(outcome, data);
    else if (outcome !== 0) this.#fail(outcome);
    // The queue may be empty and the request taken all the same: libuv tries twice, and tells of the second time later.
    else if (request !== null && request.getAsyncId() >= 0) {
      spare = undefined;
      this.#wait(request, data);
    }
    return true;
  }

  /** The kernel has no room for all of it. */
  #wait(request: WriteRequest, data: string | Uint8Array): void {
    this.#pending = request;
    request.data = data;
    if (this.#batches && typeof data !== 'string') turn.leave(data);
    request.oncomplete = (status) => {
      request.data = undefined;
      this.#pending = undefined;
      if (status < 0) this.#fail(status);
      this.#onTaken();
    };
    const { writeStatus: status } = request;
    if (typeof status === 'number') request.oncomplete(status);
  }

  #fail(status: number): void {
    const code = getSystemErrorName(status);
    this.#socket.destroy(
      Object.assign(new Error(`write ${code}`), { code, errno: status, syscall: 'write' }),
    );
  }
}

function takeSpare(): WriteRequest | null {
  if (convention?.kind !== 'given') return null;
  return (spare ??= new convention.Request());
}

/** Whether the socket can be written to, and nothing that it was given before waits in it. */
function isFree(socket: Internals): boolean {
  return socket.writableLength === 0 && socket.writable && !socket.connecting && socket.writableCorked === 0;
}

function isHandle(handle: Handle | null | undefined): boolean {
  return typeof handle?.writeLatin1String === 'function' && typeof handle.writeBuffer === 'function';
}

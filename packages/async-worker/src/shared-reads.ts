import { Buffer } from 'node:buffer';
import { Socket } from 'node:net';

/** As much as Node reads at a time. */
const READ_BYTES = 65_536;

/**
 * Where all connections of a worker are read into. A server's socket has a buffer of 64 KiB made for each read, and
 * the stream's machinery run for it: a fifth of what a small request costs. For a client's socket `onread`, documented
 * in node:net, avoids that; a server's has no such option, but it is the same socket, so that what `onread` sets can
 * be set. So it is with one that is encrypted, which saves 7 % of a request. Where that is not as it was found in Node 22, 24 and 26, the socket is read by its `data` events.
 */
let memory: Buffer | undefined;

interface Names {
  readonly buffer: symbol;
  readonly callback: symbol;
  readonly generator: symbol;
}

type Internals = Record<symbol, unknown> & {
  readonly _handle?: { useUserBuffer?: (buffer: Buffer) => void } | null;
};

const names: Names | undefined = findNames();

/** Under which names a socket keeps what `onread` has said; undefined when they are not those that are known here. */
function findNames(): Names | undefined {
  const buffer = Buffer.alloc(1);
  const socket = new Socket({ onread: { buffer, callback: ignore } } as object);
  const symbols = Object.getOwnPropertySymbols(socket);
  const holding = (value: unknown, description: string): symbol | undefined =>
    symbols.find(
      (symbol) => symbol.description === description && (socket as unknown as Internals)[symbol] === value,
    );
  const found = {
    buffer: holding(buffer, 'kBuffer'),
    callback: holding(ignore, 'kBufferCb'),
    generator: holding(null, 'kBufferGen'),
  };
  socket.destroy();
  return Object.values(found).includes(undefined) ? undefined : (found as Names);
}

/**
 * Reads a socket into memory that the next read of any socket uses again: what is kept must be copied.
 * @param socket - of a server, not read from yet, without a listener for `data`.
 * @returns false when that cannot be done: then the socket is as it was.
 */
export function readShared(socket: Socket, onBytes: (bytes: Buffer) => void): boolean {
  const internals = socket as unknown as Internals;
  const handle = internals._handle;
  if (names === undefined || typeof handle?.useUserBuffer !== 'function') return false;
  memory ??= Buffer.allocUnsafeSlow(READ_BYTES);
  handle.useUserBuffer(memory);
  internals[names.buffer] = memory;
  internals[names.generator] = null;
  internals[names.callback] = (size: number, buffer: Buffer): boolean => {
    onBytes(buffer.subarray(0, size));
    return true;
  };
  return true;
}

/** Lets a socket that is read so be a stream like any other again, for its new owner. */
export function unshareReads(socket: Socket): void {
  const internals = socket as unknown as Internals;
  if (names === undefined || internals[names.buffer] !== memory || memory === undefined) return;
  internals[names.callback] = (size: number, buffer: Buffer): boolean =>
    socket.push(Buffer.from(buffer.subarray(0, size)));
}

/** Bytes that can be kept: a copy of those that lie in the memory that is used again. */
export function keepable(bytes: Uint8Array): Uint8Array {
  return bytes.buffer === memory?.buffer ? Uint8Array.prototype.slice.call(bytes) : bytes;
}

function ignore(): boolean {
  return true;
}

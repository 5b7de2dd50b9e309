import { Buffer } from 'node:buffer';
import { connect, type IpcSocketConnectOpts, type Socket, type TcpSocketConnectOpts } from 'node:net';

/** As much as Node reads at a time. */
const READ_BYTES = 65_536;
/** After a read of so much more of the same is to be expected, which is not to be copied. */
const LARGE_READ_BYTES = 16_384;

/** Where connections are read into, all into the same: small answers are read, taken and sent on before the next. */
let memory: Buffer | undefined;

/** How a connection is read. */
interface Reader {
  onBytes: (bytes: Buffer) => boolean | void;
}

const readers = new WeakMap<Socket, Reader>();

/**
 * Opens a connection whose reads can be shared with others, by node:net's `onread`: otherwise 64 KiB are allocated for
 * each read, and the stream's machinery runs for it. Until {@link readShared} it must not be read.
 */
export function connectToRead(options: TcpSocketConnectOpts | IpcSocketConnectOpts): Socket {
  memory ??= Buffer.allocUnsafeSlow(READ_BYTES);
  const reader: Reader = { onBytes: () => undefined };
  let present: Buffer = memory;
  let size = 0;
  const onread = {
    // Asked before the first read, and after each.
    buffer: (): Buffer => {
      if (size >= LARGE_READ_BYTES) present = Buffer.allocUnsafeSlow(READ_BYTES);
      else present = memory as Buffer;
      return present;
    },
    callback: (bytesRead: number, buffer: Uint8Array): boolean => {
      size = bytesRead;
      return reader.onBytes((buffer as Buffer).subarray(0, bytesRead)) !== false;
    },
  };
  const socket = connect({ ...options, onread });
  readers.set(socket, reader);
  return socket;
}

/**
 * Reads a connection into memory that may be used again as soon as `onBytes` returns: see {@link keepable}.
 * @returns false for one that was not opened so: it is to be read by its `data` events.
 */
export function readShared(socket: Socket, onBytes: (bytes: Buffer) => void): boolean {
  const reader = readers.get(socket);
  if (reader === undefined) return false;
  reader.onBytes = (bytes) => onBytes(bytes);
  return true;
}

/** Makes a stream like any other of a connection that was read so, for its new owner. */
export function unshareReads(socket: Socket): void {
  const reader = readers.get(socket);
  if (reader !== undefined) reader.onBytes = (bytes) => socket.push(keepable(bytes));
}

/** Bytes that can be kept: a copy of those that lie in the memory that is used again. */
export function keepable(bytes: Uint8Array): Uint8Array {
  return bytes.buffer === memory?.buffer ? Buffer.from(bytes) : bytes;
}

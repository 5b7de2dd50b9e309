import type { Socket } from 'node:net';

/** What is looked at of a socket. */
export type UnsentSocket = Pick<Socket, 'writableLength'>;

/**
 * How many bytes of the write under way the kernel has not taken yet; -1 where that cannot be told. The socket itself
 * counts a write as unsent until all of it was taken (`writableLength`), so that a client which takes a large one
 * slowly looks like one which takes nothing. Read from the socket's handle, which Node has no documented access to;
 * its own `socket.setTimeout` looks there for the same reason.
 */
export function unsentBytes(socket: UnsentSocket): number {
  const { _handle: handle } = socket as { _handle?: { writeQueueSize?: unknown } | null };
  const size = handle?.writeQueueSize;
  return typeof size === 'number' ? size : -1;
}

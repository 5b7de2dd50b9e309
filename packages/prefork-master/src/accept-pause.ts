import type { Server } from 'node:net';

/**
 * One of two modules that touch what Node does not document (the other is socket-handle.ts): here it is the handle of
 * a listening server. Node has no documented way to stop accepting for a while: `maxConnections` accepts and drops,
 * `close()` gives the socket up, and with an inherited one there is no way back.
 *
 * To libuv a listening socket is a stream. Starting and stopping to read from it takes it out of the poll set, and
 * listening once more puts it back. That works where the socket was opened from a descriptor, which is where it
 * matters: only then do other processes accept from the same queue. On a socket of one's own `readStart` fails, and
 * so it is with any Node in which these methods are missing, or do something else: the server accepts on.
 */
interface ListeningHandle {
  readStart(): number;
  readStop(): number;
  listen(backlog: number): number;
}

/** Stops accepting; the connections wait in the kernel, for this process or another. @returns whether that worked. */
export function pauseAccepting(server: Server): boolean {
  const handle = handleOf(server);
  return handle !== undefined && handle.readStart() === 0 && handle.readStop() === 0;
}

/** Accepts again. @param backlog - what the server listens with. */
export function resumeAccepting(server: Server, backlog: number): void {
  handleOf(server)?.listen(backlog);
}

function handleOf(server: Server): ListeningHandle | undefined {
  const { _handle: handle } = server as unknown as { _handle?: Partial<ListeningHandle> | null };
  const known = [handle?.readStart, handle?.readStop, handle?.listen].every(
    (method) => typeof method === 'function',
  );
  return known ? (handle as ListeningHandle) : undefined;
}

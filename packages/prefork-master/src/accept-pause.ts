import type { Server } from 'node:net';
import type { Accepting } from './accept-balance.ts';

/**
 * One of two modules that touch what Node does not document (the other is socket-handle.ts): here it is the handle of
 * a listening server. Node has no documented way to stop accepting for a while: `maxConnections` accepts and drops,
 * and `close()` gives an inherited socket up.
 *
 * To libuv a listening socket is a stream: starting and stopping to read from it takes it out of the poll set, and
 * listening once more puts it back. It works for sockets that were opened from a descriptor, as a worker's are.
 */
interface ListeningHandle {
  readStart(): number;
  readStop(): number;
  listen(backlog: number): number;
}

/**
 * Makes servers stop and start to accept. Where that is not possible (another Node, a server that has closed)
 * nothing happens: the server accepts on.
 * @param backlog - what the servers listen with.
 */
export function acceptingOf(servers: readonly Server[], backlog: number): Accepting {
  return {
    pause: () => {
      for (const server of servers) {
        const handle = handleOf(server);
        if (handle?.readStart() === 0) handle.readStop();
      }
    },
    resume: () => {
      for (const server of servers) handleOf(server)?.listen(backlog);
    },
  };
}

function handleOf(server: Server): ListeningHandle | undefined {
  const handle: unknown = Reflect.get(server, '_handle');
  if (typeof handle !== 'object' || handle === null) return undefined;
  const methods = ['readStart', 'readStop', 'listen'].map((name): unknown => Reflect.get(handle, name));
  return methods.every((method) => typeof method === 'function') ? (handle as ListeningHandle) : undefined;
}

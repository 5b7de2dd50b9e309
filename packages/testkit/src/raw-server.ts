import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';

/** A server that does exactly what a test says. */
export interface RawServer extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  /** All that each connection has sent, as latin-1, in the order in which they came. */
  readonly received: string[];
  readonly sockets: Socket[];
}

/**
 * Starts a server over raw sockets, on a port of the loopback.
 * @param answer - called with all that a connection has sent whenever more of it comes.
 * @param options - `allowHalfOpen`: a client that has ended its side can still be answered. @default false
 */
export async function startRawServer(
  answer: (socket: Socket, received: string, index: number) => void,
  options: { readonly allowHalfOpen?: boolean } = {},
): Promise<RawServer> {
  const received: string[] = [];
  const sockets: Socket[] = [];
  const server = createServer(options, (socket) => {
    const index = sockets.push(socket) - 1;
    received.push('');
    socket.on('error', () => undefined);
    socket.on('data', (bytes) => {
      received[index] += bytes.toString('latin1');
      answer(socket, received[index] as string, index);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    received,
    sockets,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

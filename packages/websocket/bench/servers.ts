import { createWorker } from '@highball/async-worker';
import { createServer } from 'node:http';
import { WebSocketServer } from 'ws';
import { webSocket } from '../src/index.ts';

/** Servers that echo, each to be started in a process of its own; they return their port. */
export const kinds: Record<string, () => Promise<number>> = {
  '@highball/websocket': async () => {
    const echo = webSocket(async (connection) => {
      for await (const message of connection) await connection.send(message);
    });
    return (await createWorker(echo).listen({ port: 0 })).port as number;
  },
  'ws on node:http': () => {
    const server = createServer();
    new WebSocketServer({ server }).on('connection', (socket) => {
      socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
      socket.on('error', () => socket.terminate());
    });
    const { promise, resolve } = Promise.withResolvers<number>();
    server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port));
    return promise;
  },
};

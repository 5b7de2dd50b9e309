import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';

/** An upstream that misbehaves as the path of the request says. */
export interface HostileUpstream {
  readonly port: number;
  /** How many connections have been closed on which a request for this path was pending. */
  closed(path: string): number;
  /** How many requests for this path have come. */
  requests(path: string): number;
  stop(): Promise<void>;
}

const END = '\r\n\r\n';

/** Its connection and the requests over it so far. */
interface Call {
  readonly socket: Socket;
  readonly head: string;
  readonly nth: number;
}

const ok = (body: string, fields = ''): string =>
  `HTTP/1.1 200 OK\r\n${fields}Content-Length: ${body.length}\r\n\r\n${body}`;
const CHUNKED = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n';

const behaviours: Readonly<Record<string, (call: Call) => void>> = {
  '/head': ({ socket, head }) => void socket.write(ok(head)),
  '/reset': ({ socket }) => void socket.resetAndDestroy(),
  '/hang': () => undefined,
  '/abort': () => undefined,
  '/dies-chunked': ({ socket }) => {
    socket.write(`${CHUNKED}\r\n4\r\nhalf\r\n`);
    setTimeout(() => socket.destroy(), 100);
  },
  '/dies-length': ({ socket }) => {
    socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf');
    setTimeout(() => socket.destroy(), 100);
  },
  '/hints': ({ socket }) => {
    socket.write(`HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n`);
    setTimeout(() => socket.write(ok('done')), 100);
  },
  '/trailers': ({ socket }) =>
    void socket.write(`${CHUNKED}Trailer: X-Sum\r\n\r\n2\r\nhi\r\n0\r\nX-Sum: 9\r\n\r\n`),
  // The first request of a connection is answered; at the second the connection was just about to be closed.
  '/stale': ({ socket, nth }) => {
    if (nth === 1) socket.write(ok('fine'));
    else socket.destroy();
  },
  '/events': ({ socket }) => {
    socket.write(`${CHUNKED}Content-Type: text/event-stream\r\n\r\n9\r\ndata: 1\n\n\r\n`);
    setTimeout(() => socket.write('9\r\ndata: 2\n\n\r\n0\r\n\r\n'), 1500);
  },
  '/poison': ({ socket }) => void socket.write(ok('fine') + ok('poison')),
};

function count(map: Map<string, number>, path: string): void {
  map.set(path, (map.get(path) ?? 0) + 1);
}

/** Starts it on a port of its own. */
export async function startHostileUpstream(): Promise<HostileUpstream> {
  const closed = new Map<string, number>();
  const requests = new Map<string, number>();
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    let received = '';
    let nth = 0;
    let pending = '';
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => {
      sockets.delete(socket);
      if (pending !== '') count(closed, pending);
    });
    socket.on('data', (bytes) => {
      received += bytes.toString('latin1');
      for (let end = received.indexOf(END); end !== -1; end = received.indexOf(END)) {
        const head = received.slice(0, end);
        received = received.slice(end + END.length);
        const target = head.split(' ', 2)[1] ?? '';
        const path = /^\/[\w-]*/.exec(target)?.[0] ?? '';
        pending = path;
        count(requests, path);
        (behaviours[path] ?? behaviours['/head'])?.({ socket, head, nth: ++nth });
      }
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    closed: (path) => closed.get(path) ?? 0,
    requests: (path) => requests.get(path) ?? 0,
    async stop() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

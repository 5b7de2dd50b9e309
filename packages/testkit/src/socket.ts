import { once } from 'node:events';
import net from 'node:net';

/** Where a test server listens: a TCP port of the loopback, or the path of a Unix socket. */
export type Address = number | string;

/** A raw client: what a test wants to say goes over the wire as it is written. */
export class RawClient {
  readonly socket: net.Socket;
  /** All that was received, as latin-1: one character a byte. */
  received = '';
  /** Resolves when the other side has ended or the connection is gone. */
  readonly closed: Promise<void>;

  private constructor(socket: net.Socket) {
    this.socket = socket;
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => {
      this.received += chunk.toString('latin1');
      socket.emit('received');
    });
    socket.on('error', () => undefined);
    this.closed = new Promise((resolve) => {
      socket.once('end', resolve).once('close', () => resolve());
    });
    void this.closed.then(() => socket.emit('received'));
  }

  /** Connects to a loopback port, or to a Unix socket. */
  static async connect(to: Address): Promise<RawClient> {
    const socket =
      typeof to === 'number'
        ? net.connect({ port: to, host: '127.0.0.1', allowHalfOpen: true })
        : net.connect({ path: to, allowHalfOpen: true });
    await once(socket, 'connect');
    return new RawClient(socket);
  }

  /** Sends text as latin-1, or bytes. */
  send(data: string | Uint8Array): void {
    this.socket.write(typeof data === 'string' ? Buffer.from(data, 'latin1') : data);
  }

  /** Waits until what was received matches; throws with all of it when the time is up or the peer has left. */
  async until(pattern: RegExp | string, timeoutMs = 30_000): Promise<string> {
    const matches = (): boolean =>
      typeof pattern === 'string' ? this.received.includes(pattern) : pattern.test(this.received);
    const deadline = Date.now() + timeoutMs;
    let over = false;
    void this.closed.then(() => (over = true));
    while (!matches()) {
      const left = deadline - Date.now();
      if (over || left <= 0) {
        throw new Error(
          `${over ? 'closed' : 'timed out'} before ${pattern}: ${JSON.stringify(this.received)}`,
        );
      }
      await Promise.race([once(this.socket, 'received'), new Promise((wake) => setTimeout(wake, left))]);
    }
    return this.received;
  }

  /** Says that no more will be sent; the answer can still be read. */
  end(): void {
    this.socket.end();
  }

  destroy(): void {
    this.socket.destroy();
  }
}

/** Sends one text, waits until the server closes, and returns all it said. */
export async function exchange(to: Address, data: string | Uint8Array, timeoutMs = 30_000): Promise<string> {
  const client = await RawClient.connect(to);
  client.send(data);
  const timer = setTimeout(() => client.destroy(), timeoutMs);
  await client.closed;
  clearTimeout(timer);
  client.destroy();
  return client.received;
}

/** Below those that the kernel gives out by itself, from 32768 on (Linux): nobody who connects meanwhile gets one. */
const FREE_PORTS = { first: 20_000, count: 12_000 };

/** A loopback port that was free a moment ago. Prefer binding port 0 where the server can tell its port. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = FREE_PORTS.first + Math.floor(Math.random() * FREE_PORTS.count);
    if (await isFree(port)) return port;
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = net.createServer().listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
  } catch {
    return false;
  }
  server.close();
  await once(server, 'close');
  return true;
}

import {
  type AddressTest,
  compileAddresses,
  type ConnectionFacts,
  createEnvironBuilder,
} from '@highball/environ';
import type { Application } from '@highball/gateway-protocol';
import { createServer, type ListenOptions, type Server, type Socket } from 'node:net';
import { Connection } from './connection.ts';
import { createErrorStream } from './error-stream.ts';
import { resolveOptions, type WorkerOptions } from './options.ts';
import { readProxyHeader } from './proxied.ts';
import type { Shared } from './shared.ts';

/** Where to listen: an inherited descriptor, a TCP address, or the path of a Unix socket. */
export type ListenTarget =
  | { readonly fd: number }
  | { readonly port: number; readonly host?: string }
  | { readonly path: string };

/** What a worker is doing at the moment. */
export interface WorkerStats {
  /** Open connections, idle ones too. */
  connections: number;
  /** Connections that wait because `workerConnections` are open. */
  waiting: number;
  /** Requests under way. */
  active: number;
  /** Requests since the start. */
  requests: number;
  /** The requests under way that began first. */
  current: { method: string; uri: string; seconds: number }[];
}

/** Serves one application on any number of sockets. */
export interface Worker {
  /** Starts to accept; may be called several times. @returns the port that was bound, or 0 on a Unix socket. */
  listen(target: ListenTarget): Promise<number>;
  /**
   * Stops without losing anything: what the kernel has accepted is served, the last response of each connection
   * says `Connection: close`, idle ones are kept for a moment. @param graceMs - then the rest is cut off.
   */
  drain(graceMs?: number): Promise<void>;
  /** Stops at once. */
  close(): Promise<void>;
  stats(): WorkerStats;
}

/** How often deadlines are looked at. */
const SWEEP_MS = 1000;
/** While draining; somebody waits for it. */
const DRAIN_SWEEP_MS = 100;
/** Connections that may wait for a free place; beyond it new ones are cut off. */
const MAX_WAITING = 2048;
const GRACE_MS = 30_000;
const MAX_CURRENT = 10;

/** Makes a worker for an application; it listens nowhere yet. */
export function createWorker(app: Application, options: WorkerOptions = {}): Worker {
  return new AsyncWorker(app, options);
}

class AsyncWorker implements Worker {
  readonly #shared: Shared;
  readonly #servers: Server[] = [];
  readonly #connections = new Set<Connection>();
  /** Accepted, but more than may be served at a time. */
  readonly #waiting: Socket[] = [];
  readonly #handedOver = new Set<Socket>();
  readonly #isProxy: AddressTest;
  #sweeper: NodeJS.Timeout | undefined;
  #sweptAt: number;
  #allGone: (() => void) | undefined;

  constructor(app: Application, options: WorkerOptions) {
    const resolved = resolveOptions(options);
    this.#shared = {
      app,
      options: resolved,
      log: resolved.log,
      buildEnviron: createEnvironBuilder(resolved.environ),
      errorStream: createErrorStream(resolved.log),
      serverLine: resolved.serverName === false ? '' : `Server: ${resolved.serverName}\r\n`,
      draining: false,
      requests: 0,
      forget: (connection) => this.#forget(connection),
      release: (connection, socket) => this.#handOver(connection, socket),
    };
    this.#isProxy = compileAddresses(resolved.proxyAllowIps);
    this.#sweptAt = resolved.now();
  }

  async listen(target: ListenTarget): Promise<number> {
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => this.#accept(socket));
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(target as ListenOptions, () => {
        server.off('error', reject);
        resolve();
      });
    });
    server.on('error', (err) => this.#shared.log.error({ err }, 'the listening socket has failed'));
    this.#servers.push(server);
    this.#sweeper ??= setInterval(() => this.#sweep(), SWEEP_MS).unref();
    const address = server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  async drain(graceMs = GRACE_MS): Promise<void> {
    this.#shared.draining = true;
    // What the kernel has accepted by now is taken over in the next turns of the loop.
    for (let turn = 0; turn < 2; turn++) await new Promise((resolve) => setImmediate(resolve));
    for (const server of this.#servers) server.close();
    clearInterval(this.#sweeper);
    this.#sweeper = setInterval(() => this.#sweep(), DRAIN_SWEEP_MS);
    const gone = new Promise<void>((resolve) => (this.#allGone = resolve));
    this.#checkGone();
    const timer = setTimeout(() => this.#cutOff(), graceMs);
    await gone;
    clearTimeout(timer);
    clearInterval(this.#sweeper);
  }

  async close(): Promise<void> {
    this.#shared.draining = true;
    clearInterval(this.#sweeper);
    const closed = this.#servers.map((server) => new Promise((resolve) => server.close(resolve)));
    this.#cutOff();
    await Promise.all(closed);
  }

  stats(): WorkerStats {
    const now = this.#shared.options.now();
    const exchanges = [...this.#connections].flatMap(({ exchange }) => (exchange ? [exchange] : []));
    return {
      connections: this.#connections.size,
      waiting: this.#waiting.length,
      active: exchanges.length,
      requests: this.#shared.requests,
      current: exchanges
        .toSorted((a, b) => a.startedAt - b.startedAt)
        .slice(0, MAX_CURRENT)
        .map(({ head, startedAt }) => ({
          method: head.method,
          uri: head.target,
          seconds: (now - startedAt) / 1000,
        })),
    };
  }

  #accept(socket: Socket): void {
    if (this.#connections.size < this.#shared.options.workerConnections) {
      this.#begin(socket);
      return;
    }
    if (this.#waiting.length >= MAX_WAITING) {
      this.#shared.log.warn({ waiting: MAX_WAITING }, 'too many connections wait: one is cut off');
      socket.destroy();
      return;
    }
    // Not read from, so that its client's bytes stay in the kernel.
    socket.on('error', () => undefined);
    this.#waiting.push(socket);
  }

  #begin(socket: Socket): void {
    const facts = connectionFacts(socket);
    const { proxyProtocol } = this.#shared.options;
    if (proxyProtocol === 'off') {
      this.#serve(socket, facts);
      return;
    }
    const policy = { version: proxyProtocol, isAllowed: this.#isProxy };
    readProxyHeader(socket, facts, policy, (client, rest) => {
      const connection = this.#serve(socket, client);
      if (rest.length > 0) connection.receive(rest);
    });
  }

  #serve(socket: Socket, facts: ConnectionFacts): Connection {
    const connection = new Connection(socket, facts, this.#shared);
    this.#connections.add(connection);
    return connection;
  }

  #forget(connection: Connection): void {
    this.#connections.delete(connection);
    while (this.#waiting.length > 0 && this.#connections.size < this.#shared.options.workerConnections) {
      const next = this.#waiting.shift() as Socket;
      if (!next.destroyed) this.#begin(next);
    }
    this.#checkGone();
  }

  #handOver(connection: Connection, socket: Socket): void {
    this.#handedOver.add(socket);
    socket.once('close', () => {
      this.#handedOver.delete(socket);
      this.#checkGone();
    });
    this.#forget(connection);
  }

  #sweep(): void {
    const now = this.#shared.options.now();
    const elapsed = now - this.#sweptAt;
    this.#sweptAt = now;
    for (const connection of this.#connections) connection.sweep(now, elapsed);
  }

  #checkGone(): void {
    if (this.#connections.size + this.#waiting.length + this.#handedOver.size === 0) this.#allGone?.();
  }

  #cutOff(): void {
    for (const socket of [...this.#waiting.splice(0), ...this.#handedOver]) socket.destroy();
    for (const connection of this.#connections) connection.destroy();
    this.#checkGone();
  }
}

function connectionFacts(socket: Socket): ConnectionFacts {
  const { remoteAddress, remotePort, localAddress, localPort } = socket;
  return {
    remoteAddress: remoteAddress ?? '',
    remotePort: remotePort ?? 0,
    localAddress: localAddress ?? '',
    localPort: localPort ?? 0,
    encrypted: (socket as { encrypted?: boolean }).encrypted === true,
    unix: remoteAddress === undefined,
  };
}

import type { Log } from '@highball/gateway-protocol';
import { pauseAccepting, resumeAccepting } from '@highball/prefork-master/accept-pause';
import { once } from 'node:events';
import { createServer, type ListenOptions, type Server, type Socket } from 'node:net';
import type { Clock } from './clock.ts';

/** Where to listen: a descriptor that was inherited, a TCP address, or the path of a Unix socket. */
export type ListenTarget = {
  readonly backlog?: number;
  /** Whether connections begin with a TLS handshake. @default with the option `tls`: all but those of Unix sockets */
  readonly tls?: boolean;
} & (
  | { readonly fd: number }
  | {
      readonly port: number;
      /** @default '127.0.0.1' (gunicorn) */
      readonly host?: string;
    }
  | { readonly path: string }
);

/** Where a worker listens. */
export interface ListeningAddress {
  /** An IP address, or the path of a Unix socket. */
  readonly address: string;
  /** 0 for a Unix socket. */
  readonly port: number;
}

/** What the acceptor asks of the worker. */
export interface AcceptorOwner {
  /** Whether there is room for one more connection. */
  hasRoom(): boolean;
  /** Gives up connections that can be spared; says whether there were some. */
  makeRoom(): boolean;
  onConnection(socket: Socket, origin: Origin): void;
}

/** What is known of connections by where they have come in. */
export interface Origin {
  /** Whether that is a Unix socket. */
  readonly unix: boolean;
  /** Whether TLS is spoken there. */
  readonly secure: boolean;
}

interface Waiting {
  readonly socket: Socket;
  readonly origin: Origin;
  /** Since when, by the worker's clock. */
  readonly since: number;
}

/** Connections that the kernel keeps until they are accepted: gunicorn's backlog. */
const BACKLOG = 2048;
/** Who waits longer has been given up by a proxy in front (nginx's proxy_read_timeout), and by most people. */
const MAX_WAIT_MS = 60_000;

/**
 * Accepts connections, as many as there is room for. Beyond that accepting pauses, so that other workers on the
 * same socket take what comes; where it cannot be paused, the connections are accepted and wait unread.
 */
export class Acceptor {
  readonly #owner: AcceptorOwner;
  readonly #log: Log;
  readonly #clock: Clock;
  /** Whether TLS is spoken where a target says nothing of it. */
  readonly #secure: boolean;
  readonly #servers = new Map<Server, number>();
  readonly #waiting: Waiting[] = [];
  /** Whether there is no room, and whether somebody else wants a pause. */
  #full = false;
  #held = false;
  /** Whether accepting has been paused, for one or the other. */
  #paused = false;
  /** Whether that worked: only sockets that were inherited can be paused. */
  #stopped = false;
  #finishing = false;
  #accepted = 0;

  constructor(owner: AcceptorOwner, log: Log, clock: Clock, secure = false) {
    this.#owner = owner;
    this.#log = log;
    this.#clock = clock;
    this.#secure = secure;
  }

  /** Connections that were accepted and wait for room. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** Starts to accept. @throws the error of the system: EADDRINUSE, EACCES… */
  async listen({ tls, ...target }: ListenTarget): Promise<ListeningAddress> {
    const backlog = target.backlog ?? BACKLOG;
    const server = createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect: true });
    const options: ListenOptions = { ...('port' in target && { host: '127.0.0.1' }), ...target, backlog };
    server.listen(options);
    await once(server, 'listening');
    const address = server.address();
    const unix = typeof address === 'string' || address === null;
    const origin: Origin = { unix, secure: tls ?? (this.#secure && !unix) };
    server.on('connection', (socket) => this.#accept(socket, origin));
    server.on('error', (err) => this.#log.error('a listening socket has failed', { err }));
    this.#servers.set(server, backlog);
    if (this.#paused) pauseAccepting(server);
    return unix ? { address: address ?? '', port: 0 } : { address: address.address, port: address.port };
  }

  /** Whether others are waiting, as far as one can tell, for what is here to end. */
  get crowded(): boolean {
    // Where it is paused for want of room, they wait in the kernel, and cannot be counted.
    return (this.#full && this.#stopped) || this.#waiting.length > 0;
  }

  /** Says that there may be room again. */
  onRoom(): void {
    while (this.#waiting.length > 0 && this.#owner.hasRoom()) {
      const { socket, origin } = this.#waiting.shift() as Waiting;
      socket.off('close', this.#onWaitingClosed);
      if (socket.destroyed) continue;
      this.#owner.onConnection(socket, origin);
    }
    if (!this.#full || this.#waiting.length > 0 || !this.#owner.hasRoom()) return;
    this.#full = false;
    this.#update();
  }

  /** Leaves what comes to other workers on the same sockets, where accepting can be paused. */
  hold(): void {
    this.#held = true;
    this.#update();
  }

  /** Accepts again, if there is room. */
  release(): void {
    this.#held = false;
    this.#update();
  }

  /** Closes connections that have waited too long. */
  sweep(): void {
    const latest = this.#clock.now() - MAX_WAIT_MS;
    for (const { socket, since } of this.#waiting) if (since < latest) socket.destroy();
  }

  /**
   * Stops accepting, and leaves nothing behind: what had come before the call, the kernel's queue holds in order,
   * so it is taken over until the queue is empty, or as much as it can hold has been accepted since. What comes
   * later is for the other workers on the socket, or meets a closed port.
   */
  async finish(): Promise<void> {
    this.#finishing = true;
    this.#update();
    const most = this.#accepted + Math.max(0, ...this.#servers.values());
    // The loop accepts one connection of each socket a turn.
    for (let before = -1; before < this.#accepted && this.#accepted < most;) {
      before = this.#accepted;
      for (let turn = 0; turn < 2; turn++) await new Promise((resolve) => setImmediate(resolve));
    }
    for (const server of this.#servers.keys()) server.close();
  }

  /** Stops at once: whoever waits is closed. */
  close(): void {
    for (const server of this.#servers.keys()) server.close();
    for (const { socket } of this.#waiting.splice(0)) socket.destroy();
  }

  #accept(socket: Socket, origin: Origin): void {
    this.#accepted++;
    if (this.#owner.hasRoom()) this.#owner.onConnection(socket, origin);
    else this.#keep({ socket, origin, since: this.#clock.now() });
    if (this.#full || this.#finishing || this.#owner.hasRoom() || this.#owner.makeRoom()) return;
    this.#full = true;
    this.#update();
  }

  #keep(connection: Waiting): void {
    if (this.#waiting.length >= BACKLOG) {
      this.#log.warn('too many connections wait for room: one is closed', { waiting: this.#waiting.length });
      connection.socket.destroy();
      return;
    }
    // It is not read from: its bytes stay in the kernel.
    connection.socket.on('error', ignore).on('close', this.#onWaitingClosed);
    this.#waiting.push(connection);
  }

  readonly #onWaitingClosed = (): void => {
    const open = this.#waiting.filter(({ socket }) => !socket.destroyed);
    this.#waiting.splice(0, this.#waiting.length, ...open);
  };

  /** Pauses or resumes, as it should be. */
  #update(): void {
    const pause = (this.#full || this.#held) && !this.#finishing;
    if (pause === this.#paused) return;
    this.#paused = pause;
    this.#stopped = false;
    for (const [server, backlog] of this.#servers) {
      if (pause) this.#stopped = pauseAccepting(server) || this.#stopped;
      else resumeAccepting(server, backlog);
    }
  }
}

function ignore(): void {
  // The close that follows is what counts.
}

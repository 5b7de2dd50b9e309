import { createServer, type Server, type Socket } from 'node:net';
import type { CommandHandler, CommandHandlers, CommandTypes } from './commands.ts';
import { Connection } from './connection.ts';
import { type ControlServerOptions, type ResolvedServerOptions, resolveServerOptions } from './options.ts';
import { listenPrivately, type SocketFile } from './private-socket.ts';

/** A socket on which commands are answered. */
export interface ControlServer {
  readonly path: string;
  /** How many are connected. */
  readonly clients: number;
  /**
   * Puts the socket under another name; clients that are connected stay so.
   * @throws {ControlError} `in-use` or `path`: it keeps its name then.
   */
  move(path: string): Promise<void>;
  /** Ends all calls, closes all connections and removes the socket's file. */
  close(): Promise<void>;
}

/**
 * Answers commands on a Unix socket that only its owner (and root) may connect to: its mode is 0600. A folder that
 * does not exist is made, with mode 0700. What a killed process has left at the path is replaced.
 * @throws {ControlError} `in-use` when somebody listens there, `path` when it cannot be bound.
 */
export async function serveControl<Types extends CommandTypes>(
  path: string,
  handlers: CommandHandlers<Types>,
  options: ControlServerOptions = {},
): Promise<ControlServer> {
  const server = new SocketServer(handlers as Readonly<Record<string, CommandHandler>>, options);
  await server.listen(path);
  return server;
}

class SocketServer implements ControlServer {
  readonly #handlers: ReadonlyMap<string, CommandHandler>;
  readonly #options: ResolvedServerOptions;
  readonly #connections = new Map<Socket, Connection>();
  readonly #server: Server;
  #file: SocketFile | undefined;

  constructor(handlers: Readonly<Record<string, CommandHandler>>, options: ControlServerOptions) {
    // A map: a client that asks for `constructor` shall not find one.
    this.#handlers = new Map(Object.entries(handlers));
    this.#options = resolveServerOptions(options);
    this.#server = createServer({ allowHalfOpen: true }, (socket) => this.#accept(socket));
  }

  get path(): string {
    return this.#file?.path ?? '';
  }

  get clients(): number {
    return this.#connections.size;
  }

  async listen(path: string): Promise<void> {
    this.#file = await listenPrivately(this.#server, path);
    // A failed accept (no descriptors left) ends one connection, not the process.
    this.#server.on('error', () => undefined);
  }

  async move(path: string): Promise<void> {
    await this.#file?.move(path);
  }

  close(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#file?.remove();
    this.#server.close(() => resolve());
    for (const connection of this.#connections.values()) connection.close();
    return promise;
  }

  #accept(socket: Socket): void {
    if (this.#connections.size >= this.#options.maxClients) return refuse(socket);
    this.#connections.set(socket, new Connection(socket, this.#handlers, this.#options));
    socket.once('close', () => this.#connections.delete(socket));
  }
}

function refuse(socket: Socket): void {
  socket.on('error', () => undefined);
  const error = { code: 'busy', message: 'too many clients are connected; close one of them' };
  socket.write(`${JSON.stringify({ id: null, error })}\n`);
  socket.destroySoon();
}

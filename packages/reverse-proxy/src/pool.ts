import { connect as netConnect, type Socket } from 'node:net';
import { UpstreamConnection } from './connection.ts';
import { UpstreamError } from './errors.ts';
import { targetKey, type UpstreamTarget } from './upstream.ts';

/** Opens a connection; it may still be on its way. */
export type Connect = (target: UpstreamTarget) => Socket;

export interface PoolOptions {
  readonly connectTimeoutMs: number;
  readonly readTimeoutMs: number;
  /** How long an unused connection is kept. */
  readonly idleTimeoutMs: number;
  /** How many unused connections are kept for each upstream. */
  readonly maxIdle: number;
  readonly connect: Connect;
}

/** Opens a connection by node:net, without Nagle's delay. */
export const connectByNet: Connect = (target) =>
  netConnect({ ...target, noDelay: true, allowHalfOpen: false, keepAlive: true });

/** Connections that wait for a request. The last one used is the first taken: it is the surest to be alive. */
export class Pool {
  readonly #options: PoolOptions;
  readonly #idle = new Map<string, UpstreamConnection[]>();

  constructor(options: PoolOptions) {
    this.#options = options;
  }

  /**
   * A connection to an upstream.
   * @param fresh - not one that was used before.
   * @throws UpstreamError CONNECT_FAILED, CONNECT_TIMEOUT
   */
  async acquire(target: UpstreamTarget, fresh = false): Promise<UpstreamConnection> {
    const key = targetKey(target);
    const idle = fresh ? undefined : this.#idle.get(key)?.pop();
    if (idle !== undefined) {
      idle.socket.setTimeout(0);
      return idle;
    }
    const socket = await this.#open(target, key);
    const connection = new UpstreamConnection(socket, this.#options);
    // One listener for the life of the connection: setTimeout's own would be one more each time it is kept.
    socket.on('timeout', () => {
      if (this.#idle.get(key)?.includes(connection)) socket.destroy();
    });
    connection.onFree = (usable) => (usable ? this.#keep(key, connection) : this.#drop(key, connection));
    return connection;
  }

  #open(target: UpstreamTarget, key: string): Promise<Socket> {
    const { connect, connectTimeoutMs } = this.#options;
    return new Promise((resolve, reject) => {
      const socket = connect(target);
      const fail = (error: UpstreamError): void => {
        socket.destroy();
        reject(error);
      };
      const timer = setTimeout(() => {
        fail(new UpstreamError('CONNECT_TIMEOUT', `${key} did not accept within ${connectTimeoutMs} ms`));
      }, connectTimeoutMs);
      const onError = (error: Error): void => {
        clearTimeout(timer);
        fail(
          new UpstreamError('CONNECT_FAILED', `${key} cannot be reached: ${error.message}`, { cause: error }),
        );
      };
      socket.once('error', onError);
      socket.once('connect', () => {
        clearTimeout(timer);
        socket.off('error', onError);
        resolve(socket);
      });
    });
  }

  #keep(key: string, connection: UpstreamConnection): void {
    const idle = this.#idle.get(key) ?? [];
    this.#idle.set(key, idle);
    if (idle.length >= this.#options.maxIdle) {
      connection.socket.destroy();
      return;
    }
    idle.push(connection);
    connection.socket.setTimeout(this.#options.idleTimeoutMs);
  }

  #drop(key: string, connection: UpstreamConnection): void {
    const idle = this.#idle.get(key);
    const index = idle?.indexOf(connection) ?? -1;
    if (index !== -1) idle?.splice(index, 1);
  }
}

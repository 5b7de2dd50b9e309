import { type ControlServer, serveControl } from '@highball/control-socket';
import { messageOf } from '../errors.ts';
import type { Logger } from '../log.ts';
import { prepareSocketFolder, socketOf } from '../service/default-socket.ts';
import type { Stack } from '../stack.ts';
import { createHandlers, type ServiceActions } from './handlers.ts';
import type { ServerCommands } from './types.ts';

/** Where to listen for commands. */
export interface ControlPlace {
  /** Empty for the usual place. */
  path: string;
  /** Whether the server goes on without it when it cannot be had. */
  optional: boolean;
}

/** The control socket of a server, if it has one. */
export class ControlPoint {
  readonly #server: ControlServer | undefined;

  private constructor(server: ControlServer | undefined) {
    this.#server = server;
  }

  /** @throws ControlError when a socket that was asked for cannot be made. */
  static async open(
    place: ControlPlace | undefined,
    { stack, log, actions }: { stack: Stack; log: Logger; actions: ServiceActions },
  ): Promise<ControlPoint> {
    if (place === undefined) return new ControlPoint(undefined);
    try {
      if (place.path === '') prepareSocketFolder();
      const path = place.path === '' ? socketOf(process.pid) : place.path;
      return new ControlPoint(await serveControl<ServerCommands>(path, createHandlers(stack, actions)));
    } catch (error) {
      if (!place.optional) throw error;
      log.warn(`there is no control socket: ${messageOf(error)}`);
      return new ControlPoint(undefined);
    }
  }

  /** Puts the socket under another name. */
  async move(path: string): Promise<void> {
    await this.#server?.move(path);
  }

  async close(): Promise<void> {
    await this.#server?.close();
  }
}

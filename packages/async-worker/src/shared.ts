import type { EnvironBuilder } from '@highball/environ';
import type { Application, ErrorStream } from '@highball/gateway-protocol';
import type { Socket } from 'node:net';
import type { Connection } from './connection.ts';
import type { Logger, ResolvedOptions } from './options.ts';

/** What the connections of one worker have in common. */
export interface Shared {
  readonly app: Application;
  readonly options: ResolvedOptions;
  readonly log: Logger;
  readonly buildEnviron: EnvironBuilder;
  readonly errorStream: ErrorStream;
  /** `Server: …` with its line's end, or nothing. */
  readonly serverLine: string;
  /** Whether the worker is to end: every response is the last of its connection. */
  draining: boolean;
  /** How many requests have begun. */
  requests: number;
  /** A connection is gone. */
  forget(connection: Connection): void;
  /** A connection was handed over to the application. */
  release(connection: Connection, socket: Socket): void;
}

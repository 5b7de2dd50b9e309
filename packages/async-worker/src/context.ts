import type { ConnectionFacts, EnvironBuilder } from '@highball/environ';
import type { Application, ErrorStream } from '@highball/gateway-protocol';
import type { Socket } from 'node:net';
import type { MakeErrorPage } from './error-page.ts';
import type { ResolvedOptions } from './options.ts';
import type { ProxyPrelude } from './proxy-prelude.ts';
import type { StartSource } from './request-source.ts';
import type { ServedConnection } from './served-connection.ts';
import type { ServerFields } from './server-fields.ts';

/** What the connections of one worker have in common. */
export interface WorkerContext {
  readonly app: Application;
  readonly options: ResolvedOptions;
  /** Makes the source of a connection's requests: of the protocol that the worker speaks. */
  readonly startSource: StartSource;
  readonly buildEnviron: EnvironBuilder;
  readonly errorStream: ErrorStream;
  readonly serverFields: ServerFields;
  /** What the server itself has to say. */
  readonly errorPage: MakeErrorPage;
  /** When the worker began to stop, by its clock; from then on every response is the last of its connection. */
  readonly drainingSince: number | undefined;
  /** Gives a signal that is aborted at that moment: `highball.draining`. */
  readonly draining: () => AbortSignal;
  /** Whether others wait for a place: then a connection is not kept for a request that may never come. */
  isCrowded(): boolean;
  /** What a connection must begin with, where it is one of a proxy; undefined where none is expected. */
  startPrelude(facts: ConnectionFacts): ProxyPrelude | undefined;
  /** A request has begun. */
  onRequest(): void;
  /** A connection is gone. */
  onClosed(connection: ServedConnection): void;
  /** A connection was handed over to the application. */
  onHandedOver(connection: ServedConnection, socket: Socket): void;
  /** A connection has turned out to speak HTTP/2. @param firstBytes - what was read of it already. */
  onHttp2(connection: ServedConnection, socket: Socket, facts: ConnectionFacts, firstBytes: Buffer): void;
}

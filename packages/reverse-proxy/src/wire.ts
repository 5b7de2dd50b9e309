import type { ResponseHandler } from '@highball/http-parser';
import type { Socket } from 'node:net';
import type { OutgoingRequest } from './outgoing-request.ts';

/** What a connection speaks: requests out, responses in. It holds no socket of its own. */
export interface Wire {
  /** Whether a response that was complete leaves the connection fit for another request. */
  readonly idle: boolean;
  /** What a request begins with. @throws UpstreamError BAD_REQUEST when it cannot be said. */
  begin(request: OutgoingRequest): string | Uint8Array;
  /** Writes a piece of the body. @returns whether there is room for more. */
  writeBody(socket: Socket, chunk: Uint8Array): boolean;
  /** Writes what ends a request; of one without a body too. */
  endBody(socket: Socket, trailers: readonly (readonly [string, string])[]): void;
  /** Takes what has come. @throws whatever the protocol's parser throws. */
  push(bytes: Uint8Array): void;
  /** The upstream sends no more. @throws when that is within an answer. */
  finish(): void;
  /** Gives away what came behind the head of an answer that begins a tunnel. */
  release(): Uint8Array;
}

/** Makes the wire of a protocol. */
export type WireFactory = (handler: ResponseHandler) => Wire;

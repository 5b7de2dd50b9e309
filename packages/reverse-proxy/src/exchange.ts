import type { ResponseHead } from '@highball/http-parser';
import type { Socket } from 'node:net';
import type { ExchangeHandler } from './connection.ts';
import type { UpstreamError } from './errors.ts';
import type { FieldSorter } from './field-sorter.ts';
import type { OutgoingRequest } from './outgoing-request.ts';

/** What a request goes over, whatever the upstream speaks: a connection of its own for as long, or a stream of one. */
export interface Exchange {
  /** The connection, where it is the request's alone and can become a tunnel. */
  readonly socket: Socket | undefined;
  readonly sorter: Pick<FieldSorter, 'sort'>;
  /** Whether its connection had served a request before the present one. */
  readonly reused: boolean;
  /** Whether all of the present request has been written. */
  readonly requestSent: boolean;
  /** Reads so far: whether it grows says whether the upstream is silent. */
  readonly reads: number;
  /** Whether the answer waits for its client. */
  readonly paused: boolean;
  /** Whether there is no room for more of the request. */
  readonly full: boolean;
  /** Bytes that the upstream has taken: whether it changes says whether it takes any. */
  readonly taken: number;
  /** Whether nothing can be sent any more. */
  readonly gone: boolean;
  /**
   * Sends what a request begins with; its body follows by {@link writeBody}, and {@link endBody} in any case.
   * @throws UpstreamError BAD_REQUEST when it cannot be said, REFUSED when it was not sent.
   */
  begin(request: OutgoingRequest, handler: ExchangeHandler): void;
  /** @returns whether there is room for more. */
  writeBody(chunk: Uint8Array): boolean;
  endBody(trailers: readonly (readonly [string, string])[]): void;
  /** Resolves when there is room for more, or never will be. */
  drained(): Promise<void>;
  /** Ends the request that is under way. */
  abort(error: UpstreamError): void;
  /** Gives up what no request was begun on. */
  discard(): void;
  /** Gives the connection away to a tunnel. @returns what came behind the head of the answer. */
  release(): Uint8Array;
}

/** The head of an answer. */
export type AnswerHead = Pick<ResponseHead, 'status' | 'reason' | 'fields' | 'upgrade'> & {
  /** The 1 of HTTP/1.1; undefined of HTTP/2. */
  readonly minorVersion: 0 | 1 | undefined;
};

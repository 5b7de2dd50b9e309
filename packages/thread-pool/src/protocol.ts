import type { HeaderList } from '@highball/gateway-protocol';
import type { MessagePort } from 'node:worker_threads';
import type { ErrorRecord } from './error-transfer.ts';

/** A piece of a body on its way between two threads. */
export type Piece = string | Uint8Array;

/** What a request's server can do beside the minimum: bits of {@link RequestMessage.offers}. */
export const OFFERS = { earlyHints: 1, sendTrailers: 2, trailers: 4, signal: 8, draining: 16 } as const;

export interface RequestMessage {
  readonly kind: 'request';
  /** Counts up, for each thread from 1. */
  readonly id: number;
  readonly environ: Record<string, unknown>;
  /**
   * How the request's body comes: not at all, by itself, or when the thread says `want`; the last for a client that
   * waits for 100 Continue.
   */
  readonly input: 'none' | 'sent' | 'wanted';
  readonly offers: number;
}

/** From the pool to a thread. */
export type ToThread =
  | RequestMessage
  /** Pieces of the request's body. */
  | { readonly kind: 'input'; readonly id: number; readonly pieces: readonly Piece[] }
  /** The request's body is whole. */
  | { readonly kind: 'input-end'; readonly id: number; readonly trailers: HeaderList }
  /** The rest of it will not come. */
  | { readonly kind: 'input-failed'; readonly id: number; readonly error: ErrorRecord }
  /** Room for so much more of the response's body. */
  | { readonly kind: 'grant'; readonly id: number; readonly bytes: number }
  /** The client has left: who asked for the signal should give up. */
  | { readonly kind: 'left'; readonly id: number; readonly error: ErrorRecord }
  /** Nothing of the response is wanted any more. */
  | { readonly kind: 'cancel'; readonly id: number }
  /** The server has begun to drain. */
  | { readonly kind: 'draining' }
  /** To be answered by `pong`. */
  | { readonly kind: 'ping' }
  /** Finish; no more requests will come. */
  | { readonly kind: 'stop' };

interface Head {
  readonly id: number;
  readonly status: string;
  readonly headers: HeaderList;
  readonly pieces: readonly Piece[];
  /** What was given to `highball.send_trailers` up to now. */
  readonly trailers: HeaderList;
}

/** From a thread to the pool. `closing`: `closed` will follow, and the request takes its place up to then. */
export type FromThread =
  | { readonly kind: 'ready' }
  | { readonly kind: 'boot-failed'; readonly error: ErrorRecord }
  | { readonly kind: 'pong' }
  /** A whole response in one message: messages are what a small one costs. */
  | ({ readonly kind: 'response'; readonly closing: boolean } & Head)
  /** The beginning of a longer one. */
  | ({ readonly kind: 'head' } & Head)
  | { readonly kind: 'body'; readonly id: number; readonly pieces: readonly Piece[] }
  | {
      readonly kind: 'end';
      readonly id: number;
      readonly trailers: HeaderList;
      readonly closing: boolean;
    }
  /** The application has thrown; before its head or after it. */
  | { readonly kind: 'failed'; readonly id: number; readonly error: ErrorRecord; readonly closing: boolean }
  /** The request is over, `close` of its body called; `error` is what that threw. */
  | { readonly kind: 'closed'; readonly id: number; readonly error: ErrorRecord | undefined }
  /** The application wants to read. */
  | { readonly kind: 'want'; readonly id: number }
  /** Room for so much more of the request's body. */
  | { readonly kind: 'grant'; readonly id: number; readonly bytes: number }
  /** The application has asked for the signal of its client's leave, or of the server's drain. */
  | { readonly kind: 'watch'; readonly id: number }
  | { readonly kind: 'watch-draining'; readonly id: number }
  | { readonly kind: 'early-hints'; readonly id: number; readonly headers: HeaderList }
  /** Text for `wsgi.errors`. */
  | { readonly kind: 'log'; readonly text: string };

/** What a thread gets as its `workerData`, under {@link WORKER_DATA_KEY}. */
export interface ThreadFacts {
  readonly port: MessagePort;
  readonly data: unknown;
  readonly windowBytes: number;
}

export const WORKER_DATA_KEY = 'highball.thread-pool';

/** What a piece costs beside its bytes: bodies in pieces of a byte must not take a hundred times their size. */
const PIECE_BYTES = 256;

/** What a piece takes of a window. A string counts for the two bytes a character that it may take in memory. */
export function costOf(piece: Piece): number {
  return PIECE_BYTES + (typeof piece === 'string' ? 2 * piece.length : piece.length);
}

/** The largest piece of which a window has room for four, so that sender and receiver need not take turns. */
export function maxPieceBytes(windowBytes: number): number {
  return (windowBytes >> 2) - PIECE_BYTES;
}

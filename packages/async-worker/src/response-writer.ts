import type { BodyChunk, HeaderList } from '@highball/gateway-protocol';
import type { FrozenBody } from './joined-answers.ts';
import type { PreparedHead } from './prepared-head.ts';
import type { ResponseFraming } from './response-framing.ts';
import type { ServerFields } from './server-fields.ts';

/** What a response must know of its request and its connection. */
export interface ResponseContext {
  readonly head: { readonly method: string; readonly minorVersion: 0 | 1 };
  readonly serverFields: ServerFields;
  /** Asked when the head is made: whether the connection can go on after this response. */
  mayPersist(): boolean;
}

/** What bodies are sent through: tells when there is room for more. */
export interface Outlet {
  /** Whether the client has yet to take what was written: who has more to send should wait. */
  readonly full: boolean;
  /** Whether nothing that was written is needed in memory any more. */
  readonly sent: boolean;
  /** Keeps what is written until {@link release}, so that it leaves as one; may be nested. */
  hold(): void;
  release(): void;
  /** Writes what is there, also while it is held. */
  flush(): void;
  /** Resolves when the client has caught up, or is gone. */
  drained(): Promise<void>;
}

/** What a writer must know of a response to make its head. */
export interface HeadFacts {
  readonly context: ResponseContext;
  /** The fields that start_response was given. */
  readonly headers: HeaderList;
  /** Whether the connection may carry another response after this one. */
  readonly persists: boolean;
  /** Whether there are trailers already. */
  readonly hasTrailers: boolean;
}

/** Puts a response on the wire of its protocol. What may be sent, and when, the response has checked. */
export interface ResponseWriter {
  readonly output: Outlet;
  /** Sends 100 Continue. */
  sendContinue(): void;
  /** Sends 103 Early Hints. @param text - the same as HTTP/1.1 has it. */
  sendEarlyHints(headers: HeaderList, text: string): void;
  /**
   * Makes the head.
   * @param wholeLength - the length of the whole body, where it is known already; else -1.
   * @returns text to be sent ahead of the first piece; empty where the head needs none to go along with.
   */
  head(begun: PreparedHead, framing: ResponseFraming, wholeLength: number, response: HeadFacts): string;
  /** Sends a head that no piece goes along with. */
  headOnly(head: string): void;
  /** Sends a piece of the body. @param size - its length in bytes. */
  piece(
    head: string,
    kind: ResponseFraming['kind'],
    chunk: BodyChunk,
    size: number,
    frozen: FrozenBody | undefined,
  ): void;
  /** Ends the body. */
  end(kind: ResponseFraming['kind'], trailers: HeaderList | undefined): void;
}

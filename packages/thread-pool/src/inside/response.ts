import type { BodyChunk, HeaderList, StartResponse, Write } from '@highball/gateway-protocol';
import type { ErrorRecord } from '../error-transfer.ts';
import { ApplicationError } from '../errors.ts';
import { Outlet } from '../outlet.ts';
import type { FromThread, Piece } from '../protocol.ts';

/** Sends a message to the pool; `moved` is memory that goes with it and is not copied. */
export type PostToPool = (message: FromThread, moved?: ArrayBuffer[]) => void;

/** What is written without waiting is kept up to here: four of Linux's largest socket buffers (tcp_wmem, 4 MiB). */
const MAX_UNSENT_BYTES = 16_777_216;

/** A response as a thread sees it: begun by start_response, its head sent with the first bytes of the body (PEP 3333). */
export class ThreadResponse {
  readonly #id: number;
  readonly #post: PostToPool;
  readonly #outlet: Outlet;
  #status = '';
  #headers: HeaderList = [];
  #trailers: HeaderList = [];
  #state: 'new' | 'begun' | 'head sent' | 'over' = 'new';
  /** Called when nobody takes the answer any more: whoever waits for something puts itself here. */
  onAbandoned: (() => void) | undefined;

  constructor(id: number, windowBytes: number, post: PostToPool) {
    this.#id = id;
    this.#post = post;
    this.#outlet = new Outlet(windowBytes, (pieces, moved) => this.#sendPieces(pieces, moved));
  }

  /** Whether nothing more can be sent, or need be. */
  get over(): boolean {
    return this.#state === 'over';
  }

  /** Whether the client has yet to take what was sent. */
  get full(): boolean {
    return this.#outlet.full;
  }

  /** `start_response`, as the application gets it. */
  readonly start: StartResponse = (status, headers, error) => {
    const replaces = error !== undefined && error !== null;
    if (replaces && this.#state === 'head sent') throw error;
    this.#mustGoOn('start_response');
    if (this.#state !== 'new' && !replaces) {
      const mend = 'pass the error to replace a response';
      throw new ApplicationError('START_RESPONSE_TWICE', `start_response was called twice; ${mend}`);
    }
    this.#status = status;
    this.#headers = copyFields(headers);
    this.#state = 'begun';
    return this.#write;
  };

  readonly #write: Write = (chunk) => {
    this.#mustGoOn('write');
    this.push(chunk);
    this.flush();
    if (!this.full) return undefined;
    if (this.#outlet.queuedBytes <= MAX_UNSENT_BYTES) return this.drained();
    const mend = 'await what write() returns';
    throw new ApplicationError('WRITE_OVERFLOW', `the client does not keep up with write(): ${mend}`);
  };

  /** `highball.send_trailers`. */
  sendTrailers(trailers: HeaderList): void {
    this.#mustGoOn('send_trailers');
    this.#trailers.push(...copyFields(trailers));
  }

  /** Adds a piece of the body to what the next {@link flush} sends. */
  push(chunk: BodyChunk): void {
    if (this.#state === 'new') throw notStarted();
    this.#outlet.push(chunk);
  }

  flush(): void {
    this.#outlet.flush();
  }

  drained(): Promise<void> {
    return this.#outlet.drained();
  }

  grant(bytes: number): void {
    this.#outlet.grant(bytes);
  }

  /** Says how long the body is, if the application has not, and nothing was sent yet. */
  announceLength(bytes: number): void {
    if (this.#state !== 'begun') return;
    if (this.#headers.some(([name]) => name.toLowerCase() === 'content-length')) return;
    this.#headers.push(['Content-Length', String(bytes)]);
  }

  /** Sends a whole response in one message, if nothing was sent before. @returns whether it was possible. */
  sendWhole(pieces: readonly Piece[], closing: boolean): boolean {
    if (this.#state === 'new') throw notStarted();
    if (this.#state !== 'begun') return false;
    this.#post({ kind: 'response', closing, ...this.#head(pieces) });
    this.#state = 'over';
    return true;
  }

  /** Ends the body. @param closing - whether its `close` has yet to be called. */
  end(closing: boolean): void {
    if (this.over || this.sendWhole([], closing)) return;
    this.#post({ kind: 'end', id: this.#id, trailers: this.#trailers, closing });
    this.#state = 'over';
  }

  fail(error: ErrorRecord, closing: boolean): void {
    this.abandon();
    this.#post({ kind: 'failed', id: this.#id, error, closing });
  }

  /** Nobody takes the answer any more. */
  abandon(): void {
    this.#state = 'over';
    this.#outlet.abandon();
    this.onAbandoned?.();
  }

  #sendPieces(pieces: Piece[], moved: ArrayBuffer[]): void {
    if (this.#state === 'begun') {
      this.#state = 'head sent';
      this.#post({ kind: 'head', ...this.#head(pieces) }, moved);
      // They are sent once: those to come go with the end.
      this.#trailers = [];
    } else {
      this.#post({ kind: 'body', id: this.#id, pieces }, moved);
    }
  }

  #head(pieces: readonly Piece[]): {
    id: number;
    status: string;
    headers: HeaderList;
    pieces: readonly Piece[];
    trailers: HeaderList;
  } {
    return {
      id: this.#id,
      status: this.#status,
      headers: this.#headers,
      pieces,
      trailers: this.#trailers,
    };
  }

  #mustGoOn(callable: string): void {
    if (!this.over) return;
    throw new ApplicationError('RESPONSE_OVER', `${callable} was called after the end of the response`);
  }
}

/** Fields as plain pairs of strings, which is all that can go to another thread. */
export function copyFields(headers: unknown): HeaderList {
  if (!Array.isArray(headers)) throw badHeaders();
  return headers.map((field: unknown) => {
    if (!Array.isArray(field) || field.length !== 2) throw badHeaders();
    const [name, value] = field as unknown[];
    if (typeof name !== 'string' || typeof value !== 'string') throw badHeaders();
    return [name, value];
  });
}

function badHeaders(): ApplicationError {
  const mend = "headers are an array of pairs of strings, as in [['Content-Type', 'text/plain']]";
  return new ApplicationError('BAD_HEADERS', mend);
}

function notStarted(): ApplicationError {
  return new ApplicationError('NO_START_RESPONSE', 'the application has not called start_response');
}

import { ChunkedDecoder } from './chunked.ts';
import { LocalProtocolError, RemoteProtocolError } from './errors.ts';
import { type FieldFacts, latin1, readFields } from './fields.ts';
import type { Framing } from './framing.ts';
import { FIELD_VALUE, REQUEST_LINE } from './grammar.ts';
import { HeadScanner } from './head-scanner.ts';
import { LastFields } from './last-fields.ts';
import type { ResolvedOptions } from './options.ts';
import { checkTrailerNames } from './trailers.ts';

/** Which part of a message comes next. */
export const Phase = {
  Head: 0,
  Length: 1,
  Chunks: 2,
  Trailers: 3,
  UntilClose: 4,
  /** Nothing more is expected on this connection: what still comes is ignored (RFC 9112 §9.6). */
  Closed: 5,
  /** The parser has thrown, or given its bytes away. */
  Dead: 6,
} as const;

const NO_FIELDS: readonly string[] = Object.freeze([]);
const NO_BYTES = new Uint8Array();

/** How a message goes on behind its head. */
export interface HeadFraming extends Framing {
  readonly keepAlive: boolean;
  readonly informational: boolean;
}

/** What requests and responses have in common: heads, bodies, trailers, pausing. */
export abstract class MessageParser {
  protected readonly options: ResolvedOptions;
  #phase: number = Phase.Head;
  readonly #head: HeadScanner;
  readonly #last: LastFields;
  /** Whether the head that is taken has the very fields of the one before. */
  protected repeats = false;
  #trailers: HeadScanner | undefined;
  #chunks: ChunkedDecoder | undefined;
  #left = 0;
  #bodyBytes = 0;
  #thenClosed = false;
  #lineChecked = false;
  #paused = false;
  #running = false;
  #kept: Uint8Array = NO_BYTES;

  constructor(options: ResolvedOptions, role: 'request' | 'response') {
    this.options = options;
    this.#head = new HeadScanner(options, role);
    this.#last = new LastFields(role === 'request' ? REQUEST_LINE : FIELD_VALUE);
  }

  /** Checks a start line whose head is not complete yet. */
  protected abstract checkLine(line: string): void;
  /**
   * Reads the head that was found; says how its body is framed and whether the connection ends with it.
   * @param text - the head, or only its start line, which stands from `start` to `end`.
   */
  protected abstract takeHead(text: string, start: number, end: number): HeadFraming;
  protected abstract takeBody(chunk: Uint8Array): void;
  protected abstract takeEnd(trailers: readonly string[]): void;

  /**
   * The fields of the head that is taken. A head that repeats the fields of the one before gets the same object.
   * @param strict - refuses the second of a field that a message may have only once (RFC 9110 §5.3).
   * @throws RemoteProtocolError REPEATED_FIELD
   */
  protected readFacts(text: string, strict: boolean): FieldFacts {
    if (this.repeats) return this.#last.facts;
    const facts = readFields(this.#head, text, strict);
    this.#last.keep(text, this.#head.lineEnd, facts);
    return facts;
  }

  /** Gives back what is kept of the last head: for a connection that is idle. */
  forget(): void {
    this.#last.forget();
  }

  /** Whether parsing stands still until {@link resume}. */
  get paused(): boolean {
    return this.#paused;
  }

  /** Bytes that are kept: of an incomplete head, and those that came in a pause. */
  get buffered(): number {
    return this.#kept.length + this.#head.buffered + (this.#trailers?.buffered ?? 0);
  }

  /** Whether the parser stands between messages and has seen nothing of a next one. */
  get idle(): boolean {
    return this.#phase === Phase.Head && this.#head.idle && this.#kept.length === 0;
  }

  /**
   * Parses on; the handler is called before this returns. In a pause the bytes are only kept.
   * @throws RemoteProtocolError when the peer breaks the protocol; the parser is dead from then on.
   */
  push(bytes: Uint8Array): void {
    if (this.#phase === Phase.Dead)
      throw new LocalProtocolError('BAD_STATE', 'push after the end of the parser');
    if (this.#paused || this.#running || this.#kept.length > 0) this.#keep(bytes);
    else this.#run(bytes, true);
  }

  /** Stops as soon as the callback in which it is called has returned. */
  pause(): void {
    this.#paused = true;
  }

  /**
   * Goes on with what was kept.
   * @throws RemoteProtocolError
   */
  resume(): void {
    this.#paused = false;
    if (this.#running || this.#kept.length === 0 || this.#phase === Phase.Dead) return;
    const bytes = this.#kept;
    this.#kept = NO_BYTES;
    this.#run(bytes, false);
  }

  /**
   * Says that the peer sends no more.
   * @throws RemoteProtocolError when a message is incomplete: it must not be taken for a whole one (RFC 9112 §8).
   */
  finish(): void {
    const phase = this.#phase;
    if (phase === Phase.Dead || phase === Phase.Closed) return;
    if (phase === Phase.UntilClose) {
      this.#phase = Phase.Closed;
      this.takeEnd(NO_FIELDS);
      return;
    }
    if (phase === Phase.Head && this.#head.idle) {
      this.#phase = Phase.Closed;
      return;
    }
    this.#phase = Phase.Dead;
    if (phase === Phase.Head)
      throw new RemoteProtocolError('INCOMPLETE_HEAD', 'the stream ends inside a head');
    throw new RemoteProtocolError('INCOMPLETE_BODY', 'the stream ends inside a body');
  }

  /** Gives away what was not parsed, for another protocol to go on with. The parser is at its end. */
  release(): Uint8Array {
    const rest = this.#kept;
    this.#kept = NO_BYTES;
    this.#phase = Phase.Dead;
    return rest;
  }

  /** Lets no further message be parsed on this connection: what still comes is ignored. */
  close(): void {
    if (this.#phase !== Phase.Dead) this.#phase = Phase.Closed;
    this.#kept = NO_BYTES;
  }

  #keep(bytes: Uint8Array): void {
    if (this.#phase === Phase.Closed) return;
    const joined = new Uint8Array(this.#kept.length + bytes.length);
    joined.set(this.#kept);
    joined.set(bytes, this.#kept.length);
    this.#kept = joined;
  }

  /** @param foreign - the bytes are the caller's, who may use the memory again: what is kept must be copied. */
  #run(bytes: Uint8Array, foreign: boolean): void {
    this.#running = true;
    try {
      let position = 0;
      while (position < bytes.length && !this.#paused && this.#phase < Phase.Closed)
        position = this.#step(bytes, position);
      if (position < bytes.length && this.#phase < Phase.Closed) {
        const rest = bytes.subarray(position);
        const added = this.#kept;
        // What a callback pushed in the meantime belongs behind the rest.
        // Not Buffer's slice, which copies nothing.
        this.#kept = foreign ? Uint8Array.prototype.slice.call(rest) : rest;
        if (added.length > 0) this.#keep(added);
      }
    } catch (error) {
      this.#phase = Phase.Dead;
      this.#kept = NO_BYTES;
      throw error;
    } finally {
      this.#running = false;
    }
    if (!this.#paused && this.#kept.length > 0) this.resume();
  }

  #step(bytes: Uint8Array, position: number): number {
    switch (this.#phase) {
      case Phase.Head:
        return this.#stepHead(bytes, position);
      case Phase.Length:
        return this.#stepLength(bytes, position);
      case Phase.Chunks:
        return this.#stepChunks(bytes, position);
      case Phase.Trailers:
        return this.#stepTrailers(bytes, position);
      default:
        this.#deliver(position === 0 ? bytes : bytes.subarray(position));
        return bytes.length;
    }
  }

  #stepHead(bytes: Uint8Array, position: number): number {
    const repeated = this.#stepRepeated(bytes, position);
    if (repeated !== -1) return repeated;
    const scanner = this.#head;
    const end = this.#scanHead(bytes, position);
    if (end === -1) return bytes.length;
    const text = latin1(scanner.bytes, scanner.base, scanner.base + scanner.length);
    this.#lineChecked = false;
    this.repeats = false;
    const framing = this.takeHead(text, scanner.lineStart, scanner.lineEnd);
    scanner.reset();
    this.#begin(framing);
    return end;
  }

  /** Takes a head that is there as a whole and repeats the fields of the one before; else returns -1. */
  #stepRepeated(bytes: Uint8Array, position: number): number {
    if (!this.#head.fresh) return -1;
    const end = this.#last.match(bytes, position);
    const { lineEnd } = this.#last;
    const { maxRequestLineBytes, maxHeadBytes } = this.options;
    // What breaks a limit is refused where everything is.
    if (end === -1 || lineEnd - position > maxRequestLineBytes || end - position > maxHeadBytes) return -1;
    this.repeats = true;
    this.#begin(this.takeHead(latin1(bytes, position, lineEnd), 0, lineEnd - position));
    return end;
  }

  /**
   * Scans a head. A start line that is wrong is refused as soon as it is there, since the rest of such a head may
   * never come; and before anything that is wrong behind it, so that the error does not depend on the pieces.
   */
  #scanHead(bytes: Uint8Array, position: number): number {
    let complete = false;
    try {
      const end = this.#head.scan(bytes, position);
      complete = end !== -1;
      return end;
    } finally {
      if (!complete) this.#checkLineOnce();
    }
  }

  #checkLineOnce(): void {
    const scanner = this.#head;
    if (this.#lineChecked || !scanner.hasLine) return;
    this.#lineChecked = true;
    this.checkLine(latin1(scanner.bytes, scanner.base + scanner.lineStart, scanner.base + scanner.lineEnd));
  }

  #begin(framing: HeadFraming): void {
    if (framing.informational || this.#phase !== Phase.Head) return;
    this.#thenClosed = !framing.keepAlive;
    this.#bodyBytes = 0;
    if (framing.chunked) {
      this.#chunks = new ChunkedDecoder(this.options);
      this.#phase = Phase.Chunks;
    } else if (framing.contentLength > 0) {
      this.#left = framing.contentLength;
      this.#phase = Phase.Length;
    } else if (framing.untilClose) {
      this.#phase = Phase.UntilClose;
    } else {
      this.#end(NO_FIELDS);
    }
  }

  #stepLength(bytes: Uint8Array, position: number): number {
    const end = Math.min(bytes.length, position + this.#left);
    this.#left -= end - position;
    this.takeBody(position === 0 && end === bytes.length ? bytes : bytes.subarray(position, end));
    // Also in a pause: the end comes with the last byte, there is nothing left that could bring it later.
    if (this.#left === 0 && this.#phase === Phase.Length) this.#end(NO_FIELDS);
    return end;
  }

  #stepChunks(bytes: Uint8Array, position: number): number {
    const chunks = this.#chunks as ChunkedDecoder;
    const start = chunks.next(bytes, position, bytes.length);
    if (start < 0) {
      this.#trailers ??= new HeadScanner(this.options, 'trailers');
      this.#phase = Phase.Trailers;
      return -1 - start;
    }
    const end = Math.min(bytes.length, start + chunks.available);
    if (end > start) {
      chunks.take(end - start);
      this.#deliver(bytes.subarray(start, end));
    }
    return end;
  }

  #stepTrailers(bytes: Uint8Array, position: number): number {
    const scanner = this.#trailers as HeadScanner;
    const end = scanner.scan(bytes, position);
    if (end === -1) return bytes.length;
    const text = latin1(scanner.bytes, scanner.base, scanner.base + scanner.length);
    const { fields } = readFields(scanner, text, false);
    scanner.reset();
    checkTrailerNames(fields);
    this.#end(fields);
    return end;
  }

  #deliver(chunk: Uint8Array): void {
    this.#bodyBytes += chunk.length;
    if (this.#bodyBytes > this.options.maxBodyBytes) throw bodyTooLarge(this.options.maxBodyBytes);
    this.takeBody(chunk);
  }

  #end(trailers: readonly string[]): void {
    this.#chunks = undefined;
    this.#phase = this.#thenClosed ? Phase.Closed : Phase.Head;
    this.takeEnd(trailers);
  }
}

/** The error of a body over its limit. */
export function bodyTooLarge(limit: number): RemoteProtocolError {
  return new RemoteProtocolError('BODY_TOO_LARGE', `a body of more than ${limit} bytes`);
}

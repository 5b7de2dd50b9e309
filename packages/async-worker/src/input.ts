import { type InputMisuse, InputReader } from '@highball/gateway-protocol';
import { ApplicationError, type RequestError } from './errors.ts';

/** What an input stream asks of its connection. */
export interface InputSource {
  /** The application waits for bytes: the client may wait for 100 Continue. */
  onWanted(): void;
  /** There is room again, after {@link RequestInput.full}. */
  onRoom(): void;
}

/**
 * More than this is not kept for an application that reads slowly, beside the piece it reads: two reads of a socket,
 * 64 KiB each.
 */
const HIGH_WATER_BYTES = 131_072;
/** What a piece costs beside its bytes: chunks of a byte each must not take a hundred times their size. */
const PIECE_BYTES = 128;

/** The body of a request as the application reads it (PEP 3333, "Input and Error Streams"). */
export class RequestInput extends InputReader {
  readonly #source: InputSource;
  readonly #chunks: Uint8Array[] = [];
  #buffered = 0;
  #full = false;
  #ended = false;
  #discarding = false;
  #error: Error | undefined;
  #wake: (() => void) | undefined;
  /** Bytes that have come from the client. */
  received = 0;

  constructor(source: InputSource) {
    super();
    this.#source = source;
  }

  /** Whether nothing more should be pushed for now. */
  get full(): boolean {
    return this.#full;
  }

  /** Whether the whole body has come. */
  get complete(): boolean {
    return this.#ended;
  }

  /** Whether the application has read all of it. */
  get consumed(): boolean {
    return this.#ended && this.#chunks.length === 0 && !this.hasRest;
  }

  /** Takes a piece from the connection; it is kept as it is. */
  push(chunk: Uint8Array): void {
    this.received += chunk.length;
    if (this.#discarding) return;
    this.#chunks.push(chunk);
    this.#buffered += chunk.length + PIECE_BYTES;
    this.#full = this.#buffered > HIGH_WATER_BYTES;
    this.#wake?.();
  }

  /** The body has come to its end. */
  end(): void {
    this.#ended = true;
    this.#wake?.();
  }

  /** The rest of the body will not come: this and every further read fails. */
  fail(error: RequestError): void {
    if (this.#error !== undefined || this.#ended) return;
    this.#error = error;
    this.#wake?.();
  }

  /** Throws away what was not read and what still comes: the response is complete. */
  discard(): void {
    this.#discarding = true;
    this.#error ??= new ApplicationError(
      'RESPONSE_OVER',
      'wsgi.input was read after the end of the response',
    );
    this.#chunks.length = 0;
    this.dropRest();
    this.#took(this.#buffered);
    this.#wake?.();
  }

  protected override async nextPiece(): Promise<Uint8Array | undefined> {
    for (;;) {
      const chunk = this.#chunks.shift();
      if (chunk !== undefined) {
        this.#took(chunk.length + PIECE_BYTES);
        return chunk;
      }
      if (this.#error !== undefined) throw this.#error;
      if (this.#ended) return undefined;
      this.#source.onWanted();
      await new Promise<void>((resolve) => (this.#wake = resolve));
      this.#wake = undefined;
    }
  }

  protected override misuse(code: InputMisuse, message: string): ApplicationError {
    return new ApplicationError(code, message);
  }

  #took(bytes: number): void {
    this.#buffered -= bytes;
    if (!this.#full || this.#buffered > HIGH_WATER_BYTES / 2) return;
    this.#full = false;
    this.#source.onRoom();
  }
}

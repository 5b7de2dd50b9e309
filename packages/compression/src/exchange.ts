import {
  type BodyChunk,
  closeBody,
  type Environ,
  type HeaderList,
  isAsyncBody,
  type ResponseBody,
  type StartResponse,
  type Write,
} from '@highball/gateway-protocol';
import type { Codec } from './codec.ts';
import { type Answer, EncodedBody } from './encoded-body.ts';
import type { Encoder, OpenEncoder } from './encoder.ts';
import { CompressionError } from './errors.ts';
import { encodedHead, withVary } from './head.ts';
import type { Settings } from './options.ts';
import { planAnswer } from './plan.ts';
import { join, sizeOf } from './pieces.ts';
import { resumed } from './resumed.ts';

/** A head that waits until it is known what becomes of the body. */
interface HeldHead {
  readonly status: string;
  readonly headers: HeaderList;
  readonly error: unknown;
  readonly codec: Codec;
  readonly contentLength: number;
  readonly mustEncode: boolean;
}

/** One answer on its way through the middleware. */
export class Exchange implements Answer {
  readonly #environ: Environ;
  readonly #startResponse: StartResponse;
  readonly #settings: Settings;
  /** Given to us, not yet to the server. */
  #held: HeldHead | undefined;
  /** The server's, once it has the head. */
  #serverWrite: Write | undefined;
  #open: OpenEncoder | undefined;
  /** What was written by `write`, in order; the rest of the body waits for it. */
  #writing: Promise<void> | undefined;
  #wroteBytes = 0;
  #promisedBytes = -1;
  /** Whether the body goes as it is, so that no head may wait for it any more. */
  #passes = false;

  constructor(environ: Environ, startResponse: StartResponse, settings: Settings) {
    this.#environ = environ;
    this.#startResponse = startResponse;
    this.#settings = settings;
  }

  get undecided(): boolean {
    return this.#held !== undefined;
  }

  get promisedBytes(): number {
    return this.#promisedBytes;
  }

  /** `start_response`, as the application gets it. */
  readonly start: StartResponse = (status, headers, error) => {
    const replaces = error !== undefined && error !== null;
    // What was encoded so far belongs to the head that would be replaced (PEP 3333: then it is thrown).
    if (this.#open !== undefined && replaces) throw error;
    // The server has the words for a second call without an error.
    if (this.#held !== undefined && !replaces) this.#giveHead(this.#held.headers);
    const plan = planAnswer(this.#environ, status, headers, this.#settings);
    if (plan.kind === 'as-is' || this.#passes) {
      const fields = plan.kind === 'as-is' ? plan.headers : withVary(headers);
      this.#held = undefined;
      this.#serverWrite = this.#startResponse(status, fields, error);
      return this.#serverWrite;
    }
    if (this.#serverWrite !== undefined && !replaces) return this.#startResponse(status, headers, error);
    this.#held = { status, headers, error, ...plan };
    return this.#write;
  };

  /** Takes what the application returns, and gives what the server gets. */
  finish(body: ResponseBody): ResponseBody {
    if (this.#open !== undefined) return this.#behindWrites(body);
    if (this.#held === undefined && this.#serverWrite !== undefined) return this.#asIs(body);
    if (typeof body === 'string') return this.#finishWhole([body], body);
    if (Array.isArray(body)) return this.#finishWhole(body as BodyChunk[], body);
    if (!isIterable(body)) return this.#asIs(body);
    if (this.#held !== undefined && this.#environ.REQUEST_METHOD === 'HEAD') return this.#headOnly(body);
    if (isAsyncBody(body)) return new EncodedBody(body[Symbol.asyncIterator](), body, this);
    return this.#finishIterator((body as Iterable<BodyChunk>)[Symbol.iterator](), body);
  }

  /** The application has failed: what is open is given back. */
  fail(error: unknown): never {
    this.#open?.release();
    throw error;
  }

  openEncoder(flush: boolean): OpenEncoder | undefined {
    const { codec, headers, contentLength } = this.#held as HeldHead;
    const { slots } = this.#settings;
    if (slots.full) {
      this.giveHead();
      return undefined;
    }
    this.#promisedBytes = contentLength;
    // The head first: if the server does not take it, nothing is open.
    this.#giveHead(encodedHead(headers, codec.coding, -1));
    this.#open = slots.take(codec, flush);
    return this.#open;
  }

  giveHead(): void {
    this.#passes = true;
    if (this.#held !== undefined) this.#giveHead(withVary(this.#held.headers));
  }

  #giveHead(headers: HeaderList): void {
    const { status, error } = this.#held as HeldHead;
    this.#held = undefined;
    this.#serverWrite = this.#startResponse(status, headers, error);
  }

  #asIs(body: ResponseBody): ResponseBody {
    this.giveHead();
    return body;
  }

  /** All of the body is there. */
  #finishWhole(pieces: readonly BodyChunk[], body: ResponseBody): ResponseBody {
    if (this.#held === undefined) return body;
    const { codec, headers, contentLength, mustEncode } = this.#held;
    const { minBytes, syncMaxBytes = codec.quickBytes } = this.#settings;
    const isHead = this.#environ.REQUEST_METHOD === 'HEAD';
    const size = isHead && contentLength !== -1 ? contentLength : sizeOf(pieces);
    // A length that is not true, and a piece that is none, are for the server to complain of.
    if (Number.isNaN(size) || (!isHead && contentLength !== -1 && size !== contentLength))
      return this.#asIs(body);
    if (size === 0 || (size < minBytes && !mustEncode)) return this.#asIs(body);
    if (isHead) return this.#headOnly(body);
    if (size > syncMaxBytes) return new EncodedBody(pieces.values(), body, this, { flush: false });
    const encoded = codec.encode(join(pieces));
    if (encoded.length >= size && !mustEncode) return this.#asIs(body);
    this.#giveHead(encodedHead(headers, codec.coding, contentLength === -1 ? -1 : encoded.length));
    return closingLike(body, [encoded]);
  }

  /** What GET would have said, as far as it is known without the body (RFC 9110 §9.3.2). */
  #headOnly(body: ResponseBody): ResponseBody {
    const { codec, headers } = this.#held as HeldHead;
    this.#giveHead(encodedHead(headers, codec.coding, -1));
    return closingLike(body, []);
  }

  /** A generator may call start_response only when it is asked for its first piece, so that is asked for now. */
  #finishIterator(iterator: Iterator<BodyChunk>, body: ResponseBody): ResponseBody {
    if (this.#held !== undefined) return new EncodedBody(iterator, body, this);
    try {
      const first = iterator.next();
      const whole = resumed(first, iterator, body);
      return this.#held === undefined ? whole : new EncodedBody(whole[Symbol.iterator](), body, this);
    } catch (error) {
      // The server never gets this body, and cannot close it.
      void closeBody(body);
      throw error;
    }
  }

  /** `write`, as the application gets it while its head is held. */
  readonly #write: Write = (chunk) => {
    if (this.#open === undefined && this.#held !== undefined) {
      // An answer may still turn out to be empty.
      if (chunk.length === 0) return undefined;
      this.openEncoder(true);
    }
    const open = this.#open;
    if (open === undefined) return (this.#serverWrite as Write)(chunk);
    this.#wroteBytes += sizeOf([chunk]);
    const written = this.#writeBehind(this.#writing, open.encoder, chunk);
    // Whoever does not wait for it learns of its failure by the body, which comes behind it.
    written.catch(() => undefined);
    this.#writing = written;
    return written;
  };

  async #writeBehind(before: Promise<void> | undefined, encoder: Encoder, chunk: BodyChunk): Promise<void> {
    await before;
    if (chunk.length === 0) return;
    const encoded = await encoder.encode(chunk);
    if (encoded.length > 0) await (this.#serverWrite as Write)(encoded);
  }

  #behindWrites(body: ResponseBody): ResponseBody {
    const written = { open: this.#open as OpenEncoder, done: this.#writing, bytes: this.#wroteBytes };
    if (typeof body === 'string') return new EncodedBody([body].values(), body, this, { written });
    if (isAsyncBody(body)) return new EncodedBody(body[Symbol.asyncIterator](), body, this, { written });
    if (!isIterable(body)) throw new CompressionError('BAD_BODY', 'the application returned no iterable');
    return new EncodedBody((body as Iterable<BodyChunk>)[Symbol.iterator](), body, this, { written });
  }
}

function isIterable(body: unknown): boolean {
  return typeof body === 'object' && body !== null && !(body instanceof Uint8Array)
    ? Symbol.iterator in body || Symbol.asyncIterator in body
    : false;
}

/** A body with these pieces that is closed by closing another. */
function closingLike(body: ResponseBody, pieces: BodyChunk[]): ResponseBody {
  if (typeof body !== 'object' || typeof body.close !== 'function') return pieces;
  return Object.assign(pieces, { close: () => closeBody(body) });
}

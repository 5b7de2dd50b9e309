import type { BodyChunk, Environ, StartResponse, Write } from '@highball/gateway-protocol';
import { checkHead, type HeadFacts } from './check-head.ts';
import { kindOf, type Report, type Reporter, show } from './report.ts';

const NO_HEAD: HeadFacts = { code: '', bodiless: false, hasType: false, contentLength: -1 };

/** What a validator remembers of one request and its response. */
export class Exchange {
  readonly report: Report;
  /** Reports what is found when nobody waits for an answer any more. Never throws. */
  readonly note: Report;
  readonly #advise: Report;
  readonly #environ: Environ;
  readonly #startResponse: StartResponse;
  /** Of the request as it came: an application may change environ. */
  readonly #isHead: boolean;
  #head = NO_HEAD;
  #bytes = 0;
  #trailers = false;
  #startMissed = false;
  /** Whether start_response was called. */
  started = false;
  /** Whether something of the body was given to the server, so that the head has left. */
  headSent = false;
  /** Whether the body is being iterated. */
  iterating = false;
  /** Whether the application is done with the response: it is complete, or has failed. */
  ended = false;
  /** Whether the server wants no more of it: what the application still does is no breach. */
  left = false;
  /** Whether the application took the connection over. */
  upgraded = false;

  constructor(environ: Environ, startResponse: StartResponse, reporter: Reporter) {
    const errors = environ['wsgi.errors'];
    this.#environ = environ;
    this.#isHead = environ.REQUEST_METHOD === 'HEAD';
    this.#startResponse = startResponse;
    this.report = reporter.report;
    this.note = reporter.note(errors);
    this.#advise = reporter.advise(errors);
  }

  /** `start_response`, as the application gets it. */
  readonly start = (...args: unknown[]): Write => {
    const [status, headers, error] = args;
    const replaces = error !== undefined && error !== null;
    if (args.length < 2 || args.length > 3) {
      const mend = 'pass a status, headers, and perhaps an error';
      this.report('START_ARGUMENTS', `start_response got ${args.length} arguments; ${mend}`);
    }
    this.#mayStart(replaces);
    this.#head = checkHead(status, headers, this.report);
    this.started = true;
    if (this.#head.bodiless && this.#head.hasType) {
      const found = `start_response got a Content-Type for a ${this.#head.code}`;
      this.#advise('CONTENT_TYPE_UNWANTED', `${found}; leave it out`);
    }
    this.#checkTrailers();
    const write: unknown = this.#startResponse(...(args as Parameters<StartResponse>));
    if (replaces && this.headSent && !this.over && !this.#departed()) {
      const mend = 'throw the error that it was given';
      this.report('START_ERROR_SWALLOWED', `start_response returned, though the head is sent; ${mend}`);
    }
    return this.#guardWrite(write);
  };

  /** The application has given a piece of the body, to be sent. */
  take(chunk: unknown, place: string): void {
    if (typeof chunk !== 'string' && !(chunk instanceof Uint8Array)) {
      this.report('CHUNK_TYPE', `${place} is ${show(chunk)}; encode it as a string or a Uint8Array`);
      return;
    }
    if (typeof chunk === 'string' && !chunk.isWellFormed()) {
      const mend = 'do not cut text within a character';
      this.report('CHUNK_TEXT', `${place} is ${show(chunk)}, with half of a surrogate pair; ${mend}`);
    }
    this.#count(sizeOf(chunk));
  }

  /** Whether nothing of this response concerns the server any more. */
  get over(): boolean {
    return this.ended || this.left;
  }

  /** There is a piece: has start_response been called? */
  mustHaveStarted(when: string): void {
    if (this.started || this.upgraded || this.#startMissed || this.left || this.#departed()) return;
    this.#startMissed = true;
    this.report('START_MISSING', `start_response was not called ${when}; call it first`);
  }

  /** The application has given the whole body. */
  finish(): void {
    if (this.over) return;
    this.ended = true;
    if (this.upgraded) return;
    this.mustHaveStarted('before the body ended');
    const { contentLength, code } = this.#head;
    // Neither has a body of its own: their Content-Length is that of another response (RFC 9110 §8.6).
    if (this.#isHead || code === '304' || code === '204') return;
    // Who gives up for a client that has left does right.
    if (this.#bytes < contentLength && !this.#departed()) {
      const mend = 'correct the one, or send the rest';
      this.report(
        'BODY_TOO_SHORT',
        `the body has ${this.#bytes} bytes, Content-Length says ${contentLength}; ${mend}`,
      );
    }
  }

  /** The application has failed. */
  fail(): void {
    this.ended = true;
  }

  /** The server wants no more: the client has left, or has all that it was to get. */
  leave(): void {
    this.left = true;
  }

  /** Trailers are to be sent behind the body. */
  noteTrailers(): void {
    this.#trailers = true;
    if (this.started) this.#checkTrailers();
  }

  #mayStart(replaces: boolean): void {
    if (this.upgraded) {
      const mend = 'the response is yours to write to the socket';
      this.report('START_AFTER_UPGRADE', `start_response was called after highball.upgrade; ${mend}`);
    } else if (this.ended) {
      const mend = 'call it before the body ends';
      this.report('START_AFTER_END', `start_response was called after the end of the response; ${mend}`);
    } else if (this.started && !replaces) {
      const mend = 'pass the error as the third argument to replace a response';
      this.report('START_TWICE', `start_response was called twice; ${mend}`);
    }
  }

  #guardWrite(write: unknown): Write {
    if (typeof write !== 'function') {
      this.report('START_RESULT', `start_response returned ${kindOf(write)}; return the write callable`);
      return write as Write;
    }
    return (...args: unknown[]) => {
      this.#mayWrite(args.length);
      this.take(args[0], 'the argument of write');
      return (write as Write)(...(args as Parameters<Write>));
    };
  }

  #mayWrite(argumentsCount: number): void {
    if (argumentsCount !== 1)
      this.report('WRITE_ARGUMENTS', `write got ${argumentsCount} arguments; pass one piece`);
    if (this.ended || this.upgraded) {
      const mend = 'write before the application returns its last piece';
      this.report('WRITE_AFTER_END', `write was called after the end of the response; ${mend}`);
    } else if (this.iterating) {
      this.report('WRITE_IN_BODY', 'write was called while the body is iterated; yield the piece instead');
    }
  }

  #count(size: number): void {
    if (size === 0 || this.upgraded) return;
    const { bodiless, code, hasType, contentLength } = this.#head;
    const before = this.#bytes;
    this.#bytes += size;
    this.headSent = true;
    if (bodiless && before === 0) {
      this.report('BODY_UNWANTED', `a ${code} has a body of ${size} bytes or more; return []`);
    } else if (!hasType && this.started && before === 0) {
      const mend = "name it, as in ['Content-Type', 'text/plain; charset=utf-8']";
      this.#advise('CONTENT_TYPE_MISSING', `a ${code} has a body and no Content-Type; ${mend}`);
    }
    if (contentLength === -1 || before > contentLength || this.#bytes <= contentLength || bodiless) return;
    const mend = 'correct it; it counts bytes, not characters';
    this.report(
      'BODY_TOO_LONG',
      `the body has ${this.#bytes} bytes or more, Content-Length says ${contentLength}; ${mend}`,
    );
  }

  #checkTrailers(): void {
    const { bodiless, contentLength, code } = this.#head;
    if (!this.#trailers || (!bodiless && contentLength === -1)) return;
    const mend = 'leave Content-Length out';
    this.report('TRAILERS_UNSENDABLE', `the ${code} has trailers and no chunks to put them behind; ${mend}`);
  }

  /** To a client that has left nothing is sent: for the server the head may be unsent still. */
  #departed(): boolean {
    return this.#environ['highball.signal']?.().aborted ?? false;
  }
}

function sizeOf(chunk: BodyChunk): number {
  return typeof chunk === 'string' ? Buffer.byteLength(chunk) : chunk.byteLength;
}

import type { BodyChunk, HeaderList } from '@highball/gateway-protocol';
import type { ServerHttp2Stream } from 'node:http2';
import type { PreparedHead } from '../prepared-head.ts';
import type { ResponseFraming } from '../response-framing.ts';
import type { HeadFacts, ResponseWriter } from '../response-writer.ts';
import { INTERNAL_ERROR } from './codes.ts';
import { responseSection, trailerSection } from './response-section.ts';
import { StreamOutput } from './stream-output.ts';

/** Puts a response on a stream of HTTP/2. */
export class StreamWriter implements ResponseWriter {
  readonly output: StreamOutput;
  readonly #stream: ServerHttp2Stream;
  #trailers: HeaderList | undefined;
  /** Whether the stream waits for trailers, or for word that there are none. */
  #mayTrail = false;
  #onSent: (() => void) | undefined;

  constructor(stream: ServerHttp2Stream) {
    this.#stream = stream;
    this.output = new StreamOutput(stream);
  }

  sendContinue(): void {
    if (!this.#stream.closed) this.#stream.additionalHeaders({ ':status': 100 });
  }

  sendEarlyHints(headers: HeaderList): void {
    if (!this.#stream.closed) this.#stream.additionalHeaders(responseSection('103', headers, undefined, -1));
  }

  /** The head leaves at once, and with it the stream's end where nothing comes behind it. */
  head(begun: PreparedHead, framing: ResponseFraming, wholeLength: number, response: HeadFacts): string {
    if (this.#stream.closed) return '';
    const { context, headers } = response;
    const { status, facts } = begun;
    const section = responseSection(status, headers, context.serverFields, framing.addedLength);
    if (facts.contentLength !== -1 && status.startsWith('204')) delete section['content-length'];
    const isWhole = framing.kind === 'none' || (framing.kind === 'length' && framing.length === 0);
    // A body that is sent as it comes may be followed by trailers that nobody has told of yet.
    const mayTrail = !isWhole && (framing.kind === 'chunked' || wholeLength === -1);
    this.#stream.respond(section, { endStream: isWhole, waitForTrailers: mayTrail });
    this.#mayTrail = mayTrail;
    if (mayTrail) this.#stream.once('wantTrailers', () => this.#sendTrailers());
    return '';
  }

  /** Calls back when all was given to the session, the trailers too. */
  whenSent(callback: () => void): void {
    if (this.#mayTrail) this.#onSent = callback;
    else this.output.onceDrained(callback);
  }

  headOnly(): void {
    // It has left already.
  }

  piece(_head: string, _kind: ResponseFraming['kind'], chunk: BodyChunk, size: number): void {
    this.output.write(chunk, size);
  }

  end(_kind: ResponseFraming['kind'], trailers: HeaderList | undefined): void {
    this.#trailers = trailers;
    this.output.end();
  }

  #sendTrailers(): void {
    try {
      this.#stream.sendTrailers(trailerSection(this.#trailers ?? []));
    } catch {
      // Node 22 sends no Date twice, for one; thrown out of an event it would be an error of the process.
      this.#stream.close(INTERNAL_ERROR);
      return;
    }
    // Node gives them to the session in an immediate of its own, which comes first.
    setImmediate(() => {
      this.#mayTrail = false;
      this.#onSent?.();
    });
  }
}

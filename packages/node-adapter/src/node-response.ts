import {
  isApplicationField,
  type BodyChunk,
  closeBody,
  type HeaderList,
  isAsyncBody,
  type ResponseBody,
  responseField,
  type StartResponse,
  type Write,
} from '@highball/gateway-protocol';
import type { ServerResponse } from 'node:http';
import { HandlerError } from './errors.ts';

interface Head {
  readonly code: number;
  readonly reason: string;
  readonly headers: HeaderList;
}

/** Sends what a gateway application answers through a ServerResponse of node:http. */
export class NodeResponse {
  readonly #response: ServerResponse;
  #head: Head | undefined;
  #trailers: HeaderList = [];
  #gone = false;
  #wake: (() => void) | undefined;

  constructor(response: ServerResponse) {
    this.#response = response;
    // PEP 3333, "Handling the Content-Length Header": never more than was promised, and a cut when it is less.
    response.strictContentLength = true;
    response
      .on('drain', () => this.#wake?.())
      .on('close', () => {
        this.#gone = true;
        this.#wake?.();
      });
  }

  /** `start_response`, as the application gets it. */
  readonly start: StartResponse = (status, headers, error) => {
    const replaces = error !== undefined && error !== null;
    if (replaces && this.#response.headersSent) throw error;
    if (this.#head !== undefined && !replaces) {
      throw new HandlerError(
        'START_RESPONSE',
        'start_response was called twice; pass the error to replace a response',
      );
    }
    const line = readStatus(status);
    this.#head = { ...line, headers: checkFields(line.code, headers) };
    return this.#write;
  };

  readonly #write: Write = (chunk) => {
    this.#mustGoOn();
    if (!this.#send(chunk)) return this.#caughtUp();
    return undefined;
  };

  /** Trailers of the response; they are sent when its body is chunked. */
  addTrailers(trailers: HeaderList): void {
    this.#mustGoOn();
    this.#trailers.push(...trailers);
  }

  /** 103 (RFC 8297). Node sends none without a Link, and neither does this. */
  sendEarlyHints(headers: HeaderList): void {
    const links = headers.filter(([name]) => name.toLowerCase() === 'link').map(([, value]) => value);
    if (links.length === 0 || this.#response.headersSent) return;
    const others = headers.filter(([name]) => name.toLowerCase() !== 'link');
    this.#response.writeEarlyHints({ ...Object.fromEntries(others), link: links });
  }

  /** Sends the head ahead of the body. */
  sendHead(): void {
    if (this.#response.headersSent) return;
    this.#writeHead(undefined);
    this.#response.flushHeaders();
  }

  /** Sends a body to its end, and closes it, whatever happens. @throws what the body throws. */
  async send(body: ResponseBody): Promise<void> {
    try {
      checkBody(body);
      if (Array.isArray(body) && !this.#response.headersSent) this.#writeHead(wholeLength(body));
      // The usual body, one piece, leaves in one write with its head.
      if (Array.isArray(body) && body.length === 1 && this.#endsWith(body[0])) return;
      if (isAsyncBody(body)) await this.#sendAsync(body[Symbol.asyncIterator]());
      else await this.#sendSync(body);
      this.#end();
    } finally {
      await closeBody(body);
    }
  }

  /** @returns whether that ended the response: not when there is more to it than this piece. */
  #endsWith(chunk: BodyChunk): boolean {
    if (this.#gone || this.#trailers.length > 0) return false;
    checkChunk(chunk);
    this.#response.end(chunk);
    return true;
  }

  async #sendSync(body: Iterable<BodyChunk>): Promise<void> {
    for (const chunk of body) {
      if (!this.#send(chunk)) await this.#caughtUp();
      if (this.#gone) return;
    }
  }

  async #sendAsync(iterator: AsyncIterator<BodyChunk>): Promise<void> {
    while (!this.#gone) {
      const { done, value } = await this.#nextOrGone(iterator);
      if (done) return;
      if (!this.#send(value)) await this.#caughtUp();
    }
    // It is not waited for: it may be busy with a piece that never comes.
    iterator.return?.().catch(ignore);
  }

  /** The next piece, or the end as soon as the client leaves. */
  #nextOrGone(iterator: AsyncIterator<BodyChunk>): Promise<IteratorResult<BodyChunk, unknown>> {
    return new Promise((resolve, reject) => {
      this.#wake = () => {
        if (!this.#gone) return;
        resolve({ done: true, value: undefined });
        iterator.return?.().catch(ignore);
      };
      iterator.next().then(resolve, reject);
    });
  }

  /** @returns whether the client keeps up. */
  #send(chunk: BodyChunk): boolean {
    checkChunk(chunk);
    if (chunk.length === 0 || this.#gone) return true;
    if (!this.#response.headersSent) this.#writeHead(undefined);
    return this.#response.write(chunk);
  }

  #end(): void {
    if (this.#gone) return;
    if (!this.#response.headersSent) this.#writeHead(0);
    if (this.#trailers.length > 0) this.#response.addTrailers(this.#trailers);
    this.#response.end();
  }

  #writeHead(wholeLength: number | undefined): void {
    if (this.#head === undefined) {
      throw new HandlerError('START_RESPONSE', 'the application has not called start_response');
    }
    const { code, reason, headers } = this.#head;
    const fields = headers.flat();
    if (code === 204) dropLength(fields);
    else if (this.#lacksLength(wholeLength, code, headers))
      fields.push('Content-Length', String(wholeLength));
    this.#response.writeHead(code, reason, fields);
  }

  #lacksLength(wholeLength: number | undefined, code: number, headers: HeaderList): boolean {
    if (wholeLength === undefined || code === 304 || this.#trailers.length > 0) return false;
    // To HEAD goes what GET would have said, where that is known (RFC 9110 §9.3.2).
    if (wholeLength === 0 && this.#response.req.method === 'HEAD') return false;
    return responseField(headers, 'content-length') === undefined;
  }

  /** Resolves when the client has caught up, or is gone. */
  #caughtUp(): Promise<void> {
    if (this.#gone || !this.#response.writableNeedDrain) return Promise.resolve();
    return new Promise((resolve) => (this.#wake = resolve));
  }

  #mustGoOn(): void {
    if (this.#response.writableEnded) {
      throw new HandlerError('RESPONSE_OVER', 'the response is over');
    }
  }
}

function readStatus(status: string): { code: number; reason: string } {
  const [, code, reason = ''] = /^([2-9]\d\d)(?: (.*))?$/.exec(status) ?? [];
  if (code === undefined)
    throw new HandlerError('START_RESPONSE', `'${status}' is no final status, as '200 OK' is`);
  return { code: Number(code), reason };
}

function checkFields(code: number, headers: HeaderList): HeaderList {
  for (const [field, value] of headers) {
    if (isApplicationField(field.toLowerCase(), value, code)) continue;
    throw new HandlerError(
      'START_RESPONSE',
      `an application must not send ${field}: the connection is the server's`,
    );
  }
  return headers;
}

function dropLength(fields: string[]): void {
  const at = fields.findIndex((name, i) => i % 2 === 0 && name.toLowerCase() === 'content-length');
  if (at !== -1) fields.splice(at, 2);
}

function wholeLength(chunks: readonly BodyChunk[]): number {
  return chunks.reduce((sum, chunk) => sum + Buffer.byteLength(chunk), 0);
}

function checkChunk(chunk: unknown): void {
  if (typeof chunk === 'string' || chunk instanceof Uint8Array) return;
  throw new HandlerError('BAD_BODY', `a piece of a body is a string or a Uint8Array, not ${typeof chunk}`);
}

function checkBody(body: unknown): void {
  const iterable =
    typeof body === 'string' ||
    (typeof body === 'object' && body !== null && (Symbol.iterator in body || Symbol.asyncIterator in body));
  if (iterable && !(body instanceof Uint8Array)) return;
  throw new HandlerError('BAD_BODY', "return an iterable of strings or Uint8Arrays, as in ['Hello']");
}

function ignore(): void {
  // Nobody is left to be told.
}

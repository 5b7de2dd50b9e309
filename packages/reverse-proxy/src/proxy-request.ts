import { once } from 'node:events';
import type { Environ } from '@highball/gateway-protocol';
import {
  type ResponseHead,
  serializeChunkHead,
  serializeLastChunk,
  serializeRequestHead,
} from '@highball/http-parser';
import type { UpstreamConnection, UpstreamResponse } from './connection.ts';
import { UpstreamError } from './errors.ts';
import { requestFields, responseFields } from './fields.ts';
import type { Outcome } from './options.ts';
import { requestTarget } from './target.ts';

/** A request as the upstream gets it. */
export class ProxyRequest {
  readonly environ: Environ;
  readonly method: string;
  readonly hasBody: boolean;
  readonly wantsUpgrade: boolean;
  readonly #head: string;
  readonly #chunked: boolean;
  #release: ((outcome: Outcome) => void) | undefined;

  constructor(environ: Environ, viaName: string) {
    this.environ = environ;
    this.method = environ.REQUEST_METHOD;
    const length = environ.CONTENT_LENGTH;
    this.#chunked = length === undefined && environ.HTTP_TRANSFER_ENCODING !== undefined;
    this.hasBody = this.#chunked || (length !== undefined && length !== '0');
    this.wantsUpgrade = environ['highball.upgrade'] !== undefined && environ.HTTP_UPGRADE !== undefined;
    let lines = '';
    if (this.#chunked) lines += 'Transfer-Encoding: chunked\r\n';
    else if (length !== undefined) lines += `Content-Length: ${length}\r\n`;
    if (this.wantsUpgrade) lines += 'Connection: upgrade\r\n';
    const fields = requestFields(environ, viaName);
    if (this.wantsUpgrade) fields.push(['Upgrade', environ.HTTP_UPGRADE as string]);
    this.#head = serializeRequestHead(this.method, requestTarget(environ), fields, lines);
  }

  /** Sends the request; resolves with the head of the response. `release` is called when the exchange is over. */
  async send(connection: UpstreamConnection, release: (outcome: Outcome) => void): Promise<UpstreamResponse> {
    this.#release = release;
    const signal = this.environ['highball.signal']?.();
    const abort = (): void => connection.abort(new UpstreamError('ABORTED', 'the client has left'));
    signal?.addEventListener('abort', abort, { once: true });
    const responding = connection.request(this.#head, this.method, !this.hasBody, {
      onInformational: (head) => this.#passHints(head),
      onDone: (error) => {
        signal?.removeEventListener('abort', abort);
        if (error === undefined) release('ok');
        else if (error.answered) release(error.code === 'ABORTED' ? 'aborted' : 'failed');
      },
    });
    if (this.hasBody) void this.#sendBody(connection);
    return responding;
  }

  /** The exchange has become a tunnel: the peer has done its part. */
  finished(): void {
    this.#release?.('ok');
  }

  async #sendBody(connection: UpstreamConnection): Promise<void> {
    const { socket } = connection;
    try {
      for await (const chunk of this.environ['wsgi.input']) {
        if (socket.destroyed) return;
        if (!this.#writeChunk(connection, chunk))
          await Promise.race([once(socket, 'drain'), once(socket, 'close')]);
      }
    } catch {
      // The client broke off: what was sent so far must not look like all of it.
      connection.abort(new UpstreamError('ABORTED', 'the client has left within its request'));
      return;
    }
    if (this.#chunked && !socket.destroyed) socket.write(serializeLastChunk(), 'latin1');
    connection.requestDone();
  }

  #writeChunk({ socket }: UpstreamConnection, chunk: Uint8Array): boolean {
    if (!this.#chunked) return socket.write(chunk);
    socket.cork();
    socket.write(serializeChunkHead(chunk.length), 'latin1');
    socket.write(chunk);
    const room = socket.write('\r\n', 'latin1');
    socket.uncork();
    return room;
  }

  #passHints(head: ResponseHead): void {
    if (head.status !== 103) return;
    const fields = responseFields(head.fields, 'HTTP/1.1', '').filter(
      ([name]) => name.toLowerCase() !== 'via',
    );
    this.environ['wsgi.early_hints']?.(fields);
  }
}

import {
  type ResponseHandler,
  ResponseParser,
  serializeChunkHead,
  serializeLastChunk,
} from '@highball/http-parser';
import type { Socket } from 'node:net';
import type { OutgoingRequest } from './outgoing-request.ts';
import { serializeRequest } from './serialize-request.ts';
import type { Wire } from './wire.ts';

/** HTTP/1.1 (RFC 9112). */
export class HttpWire implements Wire {
  readonly #parser: ResponseParser;
  #chunked = false;

  constructor(handler: ResponseHandler) {
    this.#parser = new ResponseParser(handler);
  }

  get idle(): boolean {
    return this.#parser.idle;
  }

  begin(request: OutgoingRequest): string {
    this.#chunked = request.body !== undefined && request.contentLength === undefined;
    this.#parser.expect(request.method);
    return serializeRequest(request);
  }

  writeBody(socket: Socket, chunk: Uint8Array): boolean {
    if (!this.#chunked) return socket.write(chunk);
    socket.cork();
    socket.write(serializeChunkHead(chunk.length), 'latin1');
    socket.write(chunk);
    const room = socket.write('\r\n', 'latin1');
    socket.uncork();
    return room;
  }

  endBody(socket: Socket, trailers: readonly (readonly [string, string])[]): void {
    if (this.#chunked) socket.write(serializeLastChunk(trailers), 'latin1');
  }

  push(bytes: Uint8Array): void {
    this.#parser.push(bytes);
  }

  finish(): void {
    this.#parser.finish();
  }

  release(): Uint8Array {
    return this.#parser.release();
  }
}

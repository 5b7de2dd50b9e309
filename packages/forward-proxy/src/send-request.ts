import { once } from 'node:events';
import type { Socket } from 'node:net';
import type { Environ } from '@highball/gateway-protocol';
import { serializeChunkHead, serializeLastChunk, serializeRequestHead } from '@highball/http-parser';
import type { Destination } from './destination.ts';
import { Refusal } from './errors.ts';
import { passedTrailers, requestFields } from './fields.ts';
import type { OriginExchange } from './origin-exchange.ts';
import type { Watch } from './watch.ts';

/** A request as the origin gets it: written anew from what was parsed, so that nothing can hide in its framing. */
export interface OutgoingRequest {
  readonly head: string;
  readonly framing: 'none' | 'length' | 'chunked';
}

/** @throws LocalProtocolError when a field cannot be sent; what came through the parser can. */
export function outgoingRequest(
  environ: Environ,
  destination: Destination,
  viaName: string,
): OutgoingRequest {
  const { CONTENT_LENGTH: length, HTTP_TRANSFER_ENCODING: coding } = environ;
  const framing =
    coding !== undefined ? 'chunked' : length !== undefined && length !== '0' ? 'length' : 'none';
  let lines = 'Connection: close\r\n';
  if (framing === 'chunked') lines += 'Transfer-Encoding: chunked\r\n';
  else if (length !== undefined) lines += `Content-Length: ${length}\r\n`;
  const fields = requestFields(environ, destination.authority, viaName);
  return { head: serializeRequestHead(environ.REQUEST_METHOD, destination.target, fields, lines), framing };
}

/** Sends a request; a client that breaks off breaks the exchange. */
export async function sendRequest(
  { head, framing }: OutgoingRequest,
  environ: Environ,
  { socket, exchange, watch }: { socket: Socket; exchange: OriginExchange; watch: Watch },
): Promise<void> {
  socket.write(head, 'latin1');
  if (framing === 'none') return;
  try {
    for await (const chunk of environ['wsgi.input']) {
      // The answer is complete already, or was given up: nobody wants the rest.
      if (exchange.over || !watch.sent(chunk.length)) return;
      if (!writePiece(socket, chunk, framing)) await drained(socket);
    }
  } catch (cause) {
    exchange.fail(new Refusal('CLIENT_GONE', 'the client has left within its request', { cause }));
    return;
  }
  if (framing === 'chunked' && !exchange.over) {
    const trailers = passedTrailers(environ['highball.trailers']?.() ?? [], environ.HTTP_CONNECTION);
    socket.write(serializeLastChunk(trailers), 'latin1');
  }
}

function writePiece(socket: Socket, chunk: Uint8Array, framing: 'length' | 'chunked'): boolean {
  if (framing === 'length') return socket.write(chunk);
  socket.cork();
  socket.write(serializeChunkHead(chunk.length), 'latin1');
  socket.write(chunk);
  const room = socket.write('\r\n', 'latin1');
  socket.uncork();
  return room;
}

async function drained(socket: Socket): Promise<void> {
  if (socket.destroyed) return;
  const over = new AbortController();
  const { signal } = over;
  // `once` rejects when the socket breaks; the exchange has heard of that by itself.
  await Promise.race([once(socket, 'drain', { signal }), once(socket, 'close', { signal })]).catch(
    () => undefined,
  );
  over.abort();
}

import type { Socket } from 'node:net';
import type { BodyChunk, Environ, ResponseBody, StartResponse } from '@highball/gateway-protocol';
import type { ResponseHead } from '@highball/http-parser';
import { reasonPhrase } from '@highball/http-semantics';
import type { Destination } from './destination.ts';
import { Refusal } from './errors.ts';
import { joined, pairs, passedTrailers, responseFields } from './fields.ts';
import type { Journey } from './journey.ts';
import type { ResolvedOptions } from './options.ts';
import { OriginExchange } from './origin-exchange.ts';
import { outgoingRequest, sendRequest } from './send-request.ts';
import { Watch } from './watch.ts';

/** A request that is about to be sent to its origin. */
export interface Departure {
  readonly destination: Destination;
  /** Open, and nobody else's. */
  readonly socket: Socket;
  readonly options: ResolvedOptions;
  readonly journey: Journey;
}

/**
 * Sends a request to its origin and the answer back.
 * @throws Refusal when no answer comes; one that breaks off later breaks the body.
 */
export async function forwardRequest(
  environ: Environ,
  startResponse: StartResponse,
  { destination, socket, options, journey }: Departure,
): Promise<ResponseBody> {
  const watch = (journey.watch = new Watch(options.clock, options, (reason) => exchange.fail(reason)));
  const signal = environ['highball.signal']?.();
  /** That of the answer, once the client gets it. */
  let status = 0;
  const leave = (): void => exchange.fail(new Refusal('CLIENT_GONE', 'the client has left'));
  const exchange = new OriginExchange(socket, environ.REQUEST_METHOD, watch, {
    onInformational: (head) => passHints(head, environ),
    onOver: (error) => {
      signal?.removeEventListener('abort', leave);
      // Without a head passed on the answer is still to be made: it is recorded where that is.
      if (status !== 0) journey.end(error, status);
    },
  });
  if (signal?.aborted) leave();
  else signal?.addEventListener('abort', leave, { once: true });
  const request = outgoingRequest(environ, destination, options.viaName);
  void sendRequest(request, environ, { socket, exchange, watch });
  const head = await exchange.head;
  // It broke in the same read: nothing of it was passed on, and an error can still be told.
  if (exchange.failure !== undefined) throw exchange.failure;
  // HTTP lets an origin give no reason (RFC 9112 §4), and many do; start_response wants one.
  const reason = head.reason === '' ? (reasonPhrase(head.status) ?? 'Unknown') : head.reason;
  startResponse(`${head.status} ${reason}`, responseFields(head, options.viaName));
  status = head.status;
  if (exchange.over) journey.end(undefined, status);
  // What comes may be long in coming: the client gets to see the head now.
  else if (exchange.awaitsBody) environ['highball.send_head']?.();
  return bodyOf(exchange, environ, leave, joined(pairs(head.fields), 'connection'));
}

/** @param connection - the Connection field of its head. */
function bodyOf(
  exchange: OriginExchange,
  environ: Environ,
  leave: () => void,
  connection: string | undefined,
): ResponseBody {
  return {
    async *[Symbol.asyncIterator](): AsyncGenerator<BodyChunk, void, undefined> {
      yield* exchange.body();
      const trailers = passedTrailers(pairs(exchange.trailers), connection);
      if (trailers.length > 0) environ['highball.send_trailers']?.(trailers);
    },
    // Before the end of the body it means that the client has left; behind it, nothing.
    close: leave,
  };
}

/** Only Early Hints (RFC 8297) are for the client; 100 is the server's own affair. */
function passHints(head: ResponseHead, environ: Environ): void {
  if (head.status !== 103) return;
  environ['wsgi.early_hints']?.(responseFields(head, undefined));
}

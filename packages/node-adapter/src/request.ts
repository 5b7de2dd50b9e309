import type { Environ } from '@highball/gateway-protocol';
import type { IncomingMessage } from 'node:http';
import { http } from './builtin-http.ts';
import { BodyPump } from './body-pump.ts';
import { giveFields } from './internals.ts';
import { requestLines } from './request-fields.ts';
import type { RequestSocket } from './request-socket.ts';
import { requestUrl } from './request-url.ts';

/** What is replaced on the instance: it must hold when a framework gives the request another prototype. */
type Replaced = '_read' | '_destroy' | 'socket';

const Incoming = http.IncomingMessage as unknown as new (
  socket: RequestSocket,
) => Omit<IncomingMessage, Replaced>;

/** Properties that connect and Express have on what they mount. */
interface Mounted {
  originalUrl?: string;
  baseUrl?: string;
}

/** An IncomingMessage whose body comes from `wsgi.input`. */
export class GatewayRequest extends Incoming {
  declare readonly socket: RequestSocket;
  /** Undefined for a request without a body. */
  readonly gatewayBody: BodyPump | undefined;
  readonly _read: typeof pull = pull;
  readonly _destroy: typeof destroy = destroy;

  constructor(socket: RequestSocket, environ: Environ) {
    super(socket);
    this.method = environ.REQUEST_METHOD;
    const { url, originalUrl } = requestUrl(environ);
    this.url = url;
    if (environ.SCRIPT_NAME !== '') {
      Object.assign(this as Mounted, { originalUrl, baseUrl: environ.SCRIPT_NAME });
    }
    const old = environ.SERVER_PROTOCOL === 'HTTP/1.0';
    this.httpVersion = old ? '1.0' : '1.1';
    this.httpVersionMajor = 1;
    this.httpVersionMinor = old ? 0 : 1;
    giveFields(this as unknown as IncomingMessage, requestLines(environ));
    this.gatewayBody = hasBody(environ)
      ? new BodyPump(this as unknown as IncomingMessage, environ, () => socket.touch())
      : undefined;
    this.complete = this.gatewayBody === undefined;
  }
}

/** Begins to read the body, which is what makes a server send 100 Continue. */
export function startReading(request: GatewayRequest): void {
  request.gatewayBody?.pull();
}

/**
 * The response is over. Whoever listens gets the 'end' and 'close' that node:http gives then; a body that nobody
 * has read is thrown away by the server.
 */
export function releaseRequest(request: GatewayRequest): void {
  const pump = request.gatewayBody;
  pump?.release();
  if (request.destroyed || request.readableEnded) return;
  const unread = pump === undefined || !pump.started;
  if (unread && request.listenerCount('close') + request.listenerCount('end') > 0) request.resume();
}

/** RFC 9112 §6.3: a request has a body when it says how long it is, or that it is chunked. */
function hasBody(environ: Environ): boolean {
  const { CONTENT_LENGTH: length } = environ;
  return (length !== undefined && length !== '' && length !== '0') || 'HTTP_TRANSFER_ENCODING' in environ;
}

function pull(this: GatewayRequest): void {
  const pump = this.gatewayBody;
  if (pump === undefined) this.push(null);
  else pump.pull();
}

/** As node:http: what is destroyed before its end is 'aborted', takes its connection along, and has an 'error' only for who listens. */
function destroy(this: GatewayRequest, error: Error | null, callback: (error?: Error | null) => void): void {
  this.gatewayBody?.release();
  if (!this.readableEnded || !this.complete) {
    this.aborted = true;
    this.emit('aborted');
    this.socket.destroy(error ?? undefined);
  }
  process.nextTick(() => callback(this.listenerCount('error') > 0 ? error : null));
}

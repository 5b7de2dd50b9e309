import type { BodyChunk } from '@highball/gateway-protocol';
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { http } from './builtin-http.ts';
import type { Delivery } from './delivery.ts';
import { nodeError } from './errors.ts';
import { markClosed, markHeadSent } from './internals.ts';
import { type GatewayRequest, startReading } from './request.ts';
import type { RequestSocket } from './request-socket.ts';
import { fieldPairs, type HeadFields, headerList, statusLine } from './response-head.ts';

type Callback = (error?: Error | null) => void;

/**
 * What is replaced. It stands on the instance, since Express gives every response a prototype of its own: methods
 * of a subclass would vanish with the old one.
 */
type Replaced =
  | 'write'
  | 'end'
  | 'writeHead'
  | 'flushHeaders'
  | 'addTrailers'
  | 'writeContinue'
  | 'writeProcessing'
  | 'writeEarlyHints'
  | 'writableFinished'
  | 'writableNeedDrain'
  | 'errored'
  | 'socket';

const Outgoing = http.ServerResponse as unknown as new (
  request: GatewayRequest,
) => Omit<ServerResponse, Replaced>;

/** A ServerResponse that writes to a gateway server. Its fields, and the checks of them, are Node's own. */
export class GatewayResponse extends Outgoing {
  declare socket: RequestSocket;
  /** How it reaches the client. Not `#private`: the functions below stand outside the class. */
  readonly gatewayDelivery: Delivery;
  readonly write: typeof write = write;
  readonly end: typeof end = end;
  readonly writeHead: typeof writeHead = writeHead;
  readonly flushHeaders: typeof flushHeaders = flushHeaders;
  readonly addTrailers: typeof addTrailers = addTrailers;
  readonly writeContinue: typeof writeContinue = writeContinue;
  readonly writeProcessing: typeof writeProcessing = writeProcessing;
  readonly writeEarlyHints: typeof writeEarlyHints = writeEarlyHints;
  readonly writeInformation: typeof writeInformation = writeInformation;
  readonly _implicitHeader: typeof implicitHeader = implicitHeader;
  writableFinished = false;
  writableNeedDrain = false;
  errored: Error | null = null;

  constructor(request: GatewayRequest, socket: RequestSocket, delivery: Delivery) {
    super(request);
    this.gatewayDelivery = delivery;
    this.socket = socket;
  }
}

const real = (response: GatewayResponse): ServerResponse => response as unknown as ServerResponse;

/** What the delivery tells: all was handed over. */
export function finishResponse(response: GatewayResponse): void {
  response.writableFinished = true;
  response.emit('prefinish');
  response.emit('finish');
  process.nextTick(closeResponse, response);
}

/** Nothing can be sent any more. */
export function loseResponse(response: GatewayResponse, error: Error): void {
  response.errored = error;
  response.destroyed = true;
  process.nextTick(closeResponse, response);
}

export function drainResponse(response: GatewayResponse): void {
  if (!response.writableNeedDrain) return;
  response.writableNeedDrain = false;
  if (!response.destroyed && !response.writableEnded) response.emit('drain');
}

function closeResponse(response: GatewayResponse): void {
  if (response.closed) return;
  response.destroyed = true;
  markClosed(real(response));
  response.emit('close');
}

function writeHead(
  this: GatewayResponse,
  statusCode: number,
  reason?: string | HeadFields,
  fields?: HeadFields,
): GatewayResponse {
  if (this.headersSent) throw headersSent('write');
  if (typeof reason === 'string') this.statusMessage = reason;
  const status = statusLine(real(this), statusCode);
  this.statusCode = statusCode | 0;
  const given = typeof reason === 'object' && reason !== null ? reason : (fields ?? undefined);
  this.gatewayDelivery.start(status, headerList(real(this), given));
  markHeadSent(real(this));
  return this;
}

function implicitHeader(this: GatewayResponse): void {
  this.writeHead(this.statusCode);
}

function flushHeaders(this: GatewayResponse): void {
  if (!this.headersSent) this._implicitHeader();
  this.gatewayDelivery.sendHead();
}

function write(
  this: GatewayResponse,
  chunk: unknown,
  encoding?: BufferEncoding | Callback,
  callback?: Callback,
): boolean {
  const done = typeof encoding === 'function' ? encoding : callback;
  const piece = pieceOf(chunk, encoding);
  const refused = refusal(this);
  if (refused !== undefined) return refuse(this, refused, done);
  if (!this.headersSent) this._implicitHeader();
  this.socket.touch();
  const size = typeof piece === 'string' ? Buffer.byteLength(piece) : piece.byteLength;
  const more = this.gatewayDelivery.write(piece, size, done);
  if (!more) this.writableNeedDrain = true;
  return more;
}

function end(
  this: GatewayResponse,
  chunk?: unknown,
  encoding?: BufferEncoding | Callback,
  callback?: Callback,
): GatewayResponse {
  const done = [chunk, encoding, callback].find((argument) => typeof argument === 'function') as
    | Callback
    | undefined;
  const hasPiece = chunk !== undefined && chunk !== null && typeof chunk !== 'function';
  const piece = hasPiece ? pieceOf(chunk, encoding) : undefined;
  if (this.writableEnded) return endAgain(this, hasPiece, done);
  if (this.destroyed) {
    refuse(this, destroyedError('end'), done);
  } else {
    if (!this.headersSent) this._implicitHeader();
    if (done !== undefined) this.once('finish', done);
  }
  // `finished` is what Node's own `writableEnded` reads.
  this.finished = true;
  this.gatewayDelivery.end(piece);
  return this;
}

function endAgain(response: GatewayResponse, hasPiece: boolean, done: Callback | undefined): GatewayResponse {
  const error = hasPiece
    ? nodeError('ERR_STREAM_WRITE_AFTER_END', 'write after end')
    : nodeError('ERR_STREAM_ALREADY_FINISHED', 'Cannot call end after a stream was finished');
  if (done !== undefined && !response.writableFinished && !hasPiece) response.once('finish', done);
  else if (done !== undefined) process.nextTick(done, error);
  if (hasPiece) process.nextTick(emitError, response, error);
  return response;
}

function addTrailers(this: GatewayResponse, trailers: HeadFields): void {
  this.gatewayDelivery.sendTrailers(fieldPairs(trailers));
}

/** The server says 100 by itself, when the body is first asked for: this asks. */
function writeContinue(this: GatewayResponse, callback?: Callback): void {
  startReading(this.req as unknown as GatewayRequest);
  if (callback) process.nextTick(callback);
}

/** A gateway has no way to send 102, which no client needs (RFC 9110 has dropped it). */
function writeProcessing(this: GatewayResponse, callback?: Callback): void {
  if (callback) process.nextTick(callback);
}

function writeEarlyHints(this: GatewayResponse, hints: OutgoingHttpHeaders, callback?: Callback): void {
  if (this.headersSent) throw headersSent('write');
  const { link } = hints;
  const links = (Array.isArray(link) ? link : [link ?? '']).join(', ');
  if (links !== '') {
    const others = Object.entries(hints).filter(([name]) => name !== 'link');
    this.gatewayDelivery.sendEarlyHints([['Link', links], ...fieldPairs(Object.fromEntries(others))]);
  }
  if (callback) process.nextTick(callback);
}

/** Newer Nodes' way to send any 1xx. */
function writeInformation(
  this: GatewayResponse,
  status: number,
  fields?: HeadFields | null,
  callback?: Callback,
): void {
  if (status === 100) startReading(this.req as unknown as GatewayRequest);
  if (status === 103) this.gatewayDelivery.sendEarlyHints(fieldPairs(fields ?? {}));
  if (callback) process.nextTick(callback);
}

/** @throws Node's errors for what is no piece of a body. */
function pieceOf(chunk: unknown, encoding: unknown): BodyChunk {
  if (typeof chunk === 'string') {
    if (typeof encoding !== 'string' || /^utf-?8$/i.test(encoding)) return chunk;
    return Buffer.from(chunk, encoding as BufferEncoding);
  }
  if (chunk instanceof Uint8Array) return chunk;
  if (chunk === null) throw nodeError('ERR_STREAM_NULL_VALUES', 'May not write null values to stream');
  throw Object.assign(
    new TypeError(
      `The "chunk" argument must be of type string or an instance of Buffer or Uint8Array. Received ${typeof chunk}`,
    ),
    { code: 'ERR_INVALID_ARG_TYPE' },
  );
}

function refusal(response: GatewayResponse): Error | undefined {
  if (response.writableEnded) return nodeError('ERR_STREAM_WRITE_AFTER_END', 'write after end');
  return response.destroyed ? destroyedError('write') : undefined;
}

function destroyedError(what: string): Error {
  return nodeError('ERR_STREAM_DESTROYED', `Cannot call ${what} after a stream was destroyed`);
}

function refuse(response: GatewayResponse, error: Error, callback: Callback | undefined): false {
  if (callback !== undefined) process.nextTick(callback, error);
  if (!response.destroyed) process.nextTick(emitError, response, error);
  return false;
}

/** A write that comes too late is an 'error', but none that ends the process: the answer is not harmed by it. */
function emitError(response: GatewayResponse, error: Error): void {
  if (response.listenerCount('error') > 0) response.emit('error', error);
}

function headersSent(what: string): Error {
  return nodeError('ERR_HTTP_HEADERS_SENT', `Cannot ${what} headers after they are sent to the client`);
}

/** Type help: the response as handlers know it. */
export const asServerResponse: (response: GatewayResponse) => ServerResponse = real;
/** Type help: the request as handlers know it. */
export const asIncomingMessage = (request: GatewayRequest): IncomingMessage =>
  request as unknown as IncomingMessage;

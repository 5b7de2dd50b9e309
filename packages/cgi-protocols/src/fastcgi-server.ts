import { RemoteProtocolError } from './errors.ts';
import { type FastCgiEnd, PROTOCOL_STATUS, ROLE } from './fastcgi-client.ts';
import { decodePairs, encodePairs } from './fastcgi-pairs.ts';
import { discreteRecord, endOfStream, frameStream, RECORD, RecordParser } from './fastcgi-records.ts';
import { type RequestLimits, resolveLimits, variable, type Variables } from './variables.ts';

/** What a server hears of the requests of one connection. */
export interface FastCgiRequestHandler {
  /** @param keepConnection - otherwise the connection is closed behind the answer. */
  onRequest(requestId: number, variables: Variables, keepConnection: boolean): void;
  /** A piece of the body; a view into the bytes that were pushed. */
  onStdin(requestId: number, chunk: Uint8Array): void;
  onStdinEnd(requestId: number): void;
  /** The web server wants no answer any more; the request is to be ended all the same. */
  onAbort(requestId: number): void;
  /** To be sent at once: answers of the protocol itself. */
  onReply(bytes: Uint8Array): void;
}

/** Options of {@link FastCgiRequestParser}. */
export interface FastCgiServerOptions extends RequestLimits {
  /** Requests that may be under way on the connection; more are refused. @default 1 (no multiplexing, as PHP-FPM) */
  readonly maxRequests?: number;
}

/** A request that is under way. */
interface Running {
  readonly keepConnection: boolean;
  params: Buffer[];
  paramsBytes: number;
  state: 'params' | 'stdin' | 'ended';
  bodyBytes: number;
}

/** `struct FCGI_BeginRequestBody` (§5.1): role, flags, five reserved bytes. */
const BEGIN_BODY_BYTES = 8;
/** Names of values are few and short (§4.1). */
const MAX_VALUES_BYTES = 1024;

/** Frames a piece of the answer; the piece is not copied. */
export function frameStdout(requestId: number, chunk: Uint8Array): Uint8Array[] {
  return frameStream(RECORD.STDOUT, requestId, chunk);
}

/** Frames a piece of what goes into the web server's error log. */
export function frameStderr(requestId: number, chunk: Uint8Array): Uint8Array[] {
  return frameStream(RECORD.STDERR, requestId, chunk);
}

/** Ends the answer: end of STDOUT, then END_REQUEST. Call {@link FastCgiRequestParser.ended} with it. */
export function encodeFastCgiEnd(
  requestId: number,
  { appStatus, protocolStatus }: FastCgiEnd = { appStatus: 0, protocolStatus: 0 },
): Buffer {
  return Buffer.concat([
    endOfStream(RECORD.STDOUT, requestId),
    endRequest(requestId, appStatus, protocolStatus),
  ]);
}

function endRequest(requestId: number, appStatus: number, protocolStatus: number): Buffer {
  const body = Buffer.alloc(8);
  body.writeUInt32BE(appStatus, 0);
  body[4] = protocolStatus;
  return discreteRecord(RECORD.END_REQUEST, requestId, body);
}

/** Parses the requests of one connection from a web server (FastCGI 1.0): bytes in, calls out. */
export class FastCgiRequestParser {
  readonly #handler: FastCgiRequestHandler;
  readonly #limits: Required<RequestLimits>;
  readonly #maxRequests: number;
  readonly #records = new RecordParser({
    onRecord: (type, id, length) => this.#begin(type, id, length),
    onContent: (chunk) => this.#content(chunk),
    onRecordEnd: () => this.#end(),
  });
  readonly #running = new Map<number, Running>();
  #type = 0;
  #id = 0;
  #length = 0;
  #small: Buffer[] = [];

  constructor(handler: FastCgiRequestHandler, options: FastCgiServerOptions = {}) {
    this.#handler = handler;
    this.#limits = resolveLimits(options);
    this.#maxRequests = options.maxRequests ?? 1;
  }

  /** Whether no request is under way, and nothing half read. */
  get idle(): boolean {
    return this.#running.size === 0 && this.#records.atBoundary;
  }

  /** Takes what has come, cut wherever. @throws RemoteProtocolError */
  push(bytes: Uint8Array): void {
    this.#records.push(bytes);
  }

  /** Says that the end of an answer was sent: its id is free again, and its body is not told of any more. */
  ended(requestId: number): void {
    this.#running.delete(requestId);
  }

  /** The peer sends no more. @throws RemoteProtocolError INCOMPLETE when that is within a request. */
  finish(): void {
    const isWhole = [...this.#running.values()].every(({ state }) => state === 'ended');
    if (!isWhole || !this.#records.atBoundary) {
      throw new RemoteProtocolError('INCOMPLETE', 'the peer closed within its request');
    }
  }

  #begin(type: number, id: number, length: number): void {
    this.#type = type;
    this.#id = id;
    this.#length = length;
    this.#small = [];
    if (type === RECORD.BEGIN_REQUEST && (id === 0 || length < BEGIN_BODY_BYTES)) {
      throw new RemoteProtocolError('BAD_RECORD', `a beginning of ${length} bytes for request ${id}`);
    }
    if (this.#isSmall && length > MAX_VALUES_BYTES) {
      throw new RemoteProtocolError('BAD_RECORD', `a record of type ${type} and ${length} bytes`);
    }
  }

  /** Records that are kept until they are whole; a management record of a type that is not known is not. */
  get #isSmall(): boolean {
    return this.#type === RECORD.BEGIN_REQUEST || (this.#id === 0 && this.#type === RECORD.GET_VALUES);
  }

  #content(chunk: Buffer): void {
    if (this.#isSmall) {
      this.#small.push(Buffer.from(chunk));
      return;
    }
    // Records of a request that has ended, or was refused, are to be passed over (§3.3).
    const request = this.#running.get(this.#id);
    if (request === undefined) return;
    if (this.#type === RECORD.PARAMS) this.#param(request, chunk);
    else if (this.#type === RECORD.STDIN) this.#stdin(request, chunk);
  }

  #param(request: Running, chunk: Buffer): void {
    if (request.state !== 'params') throw unexpected(this.#type, this.#id);
    request.paramsBytes += chunk.length;
    if (request.paramsBytes > this.#limits.maxVariablesBytes) {
      throw new RemoteProtocolError(
        'VARIABLES_TOO_LARGE',
        `variables of ${request.paramsBytes} bytes or more`,
      );
    }
    request.params.push(Buffer.from(chunk));
  }

  #stdin(request: Running, chunk: Buffer): void {
    if (request.state !== 'stdin') throw unexpected(this.#type, this.#id);
    request.bodyBytes += chunk.length;
    if (request.bodyBytes > this.#limits.maxBodyBytes) {
      throw new RemoteProtocolError(
        'BODY_TOO_LARGE',
        `a body of more than ${this.#limits.maxBodyBytes} bytes`,
      );
    }
    this.#handler.onStdin(this.#id, chunk);
  }

  #end(): void {
    if (this.#id === 0) this.#manage();
    else if (this.#type === RECORD.BEGIN_REQUEST) this.#start(Buffer.concat(this.#small));
    else if (this.#type === RECORD.ABORT_REQUEST) {
      if (this.#running.has(this.#id)) this.#handler.onAbort(this.#id);
    } else if (this.#length === 0) this.#endStream();
  }

  #start(body: Buffer): void {
    const role = body.readUInt16BE(0);
    const keepConnection = ((body[2] as number) & 1) === 1;
    if (this.#running.has(this.#id)) throw unexpected(this.#type, this.#id);
    if (role !== ROLE.RESPONDER) this.#refuse(PROTOCOL_STATUS.UNKNOWN_ROLE);
    else if (this.#running.size >= this.#maxRequests) {
      this.#refuse(this.#maxRequests === 1 ? PROTOCOL_STATUS.CANT_MPX_CONN : PROTOCOL_STATUS.OVERLOADED);
    } else {
      this.#running.set(this.#id, {
        keepConnection,
        params: [],
        paramsBytes: 0,
        state: 'params',
        bodyBytes: 0,
      });
    }
  }

  #refuse(protocolStatus: number): void {
    this.#handler.onReply(endRequest(this.#id, 0, protocolStatus));
  }

  #endStream(): void {
    const id = this.#id;
    const request = this.#running.get(id);
    if (request === undefined) return;
    if (this.#type === RECORD.PARAMS && request.state === 'params') {
      const variables = decodePairs(Buffer.concat(request.params), this.#limits.maxVariables);
      request.params = [];
      request.state = 'stdin';
      this.#handler.onRequest(id, variables, request.keepConnection);
    } else if (this.#type === RECORD.STDIN && request.state === 'stdin') {
      request.state = 'ended';
      this.#handler.onStdinEnd(id);
    } else if (this.#type !== RECORD.DATA) throw unexpected(this.#type, id);
  }

  /** Answers what is asked about the connection itself (§4.1, §4.2). */
  #manage(): void {
    if (this.#type !== RECORD.GET_VALUES) {
      const body = Buffer.from([this.#type, 0, 0, 0, 0, 0, 0, 0]);
      this.#handler.onReply(discreteRecord(RECORD.UNKNOWN_TYPE, 0, body));
      return;
    }
    const asked = decodePairs(Buffer.concat(this.#small), this.#limits.maxVariables);
    const known = {
      FCGI_MAX_REQS: String(this.#maxRequests),
      FCGI_MPXS_CONNS: this.#maxRequests > 1 ? '1' : '0',
    };
    const answers = Object.entries(known).filter(([name]) => variable(asked, name) !== undefined);
    this.#handler.onReply(discreteRecord(RECORD.GET_VALUES_RESULT, 0, encodePairs(answers.flat())));
  }
}

function unexpected(type: number, id: number): RemoteProtocolError {
  return new RemoteProtocolError('UNEXPECTED_RECORD', `a record of type ${type} for request ${id}`);
}

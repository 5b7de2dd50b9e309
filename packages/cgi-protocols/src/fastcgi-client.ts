import { LocalProtocolError, RemoteProtocolError } from './errors.ts';
import { encodePairs } from './fastcgi-pairs.ts';
import { discreteRecord, endOfStream, frameStream, RECORD, RecordParser } from './fastcgi-records.ts';
import type { Variables } from './variables.ts';

/** What an application is asked to be (FastCGI 1.0 §6). */
export const ROLE = { RESPONDER: 1, AUTHORIZER: 2, FILTER: 3 } as const;
const FLAG_KEEP_CONN = 1;

/** How a request ended (§5.5); a server may send numbers of its own. */
export const PROTOCOL_STATUS = {
  REQUEST_COMPLETE: 0,
  CANT_MPX_CONN: 1,
  OVERLOADED: 2,
  UNKNOWN_ROLE: 3,
} as const;

/** How the application, and the protocol, ended a request. */
export interface FastCgiEnd {
  /** The exit code that a CGI program would have had. */
  readonly appStatus: number;
  /** One of {@link PROTOCOL_STATUS}; only REQUEST_COMPLETE is an answer. */
  readonly protocolStatus: number;
}

/** What the client of one request hears. */
export interface FastCgiResponseHandler {
  /** A piece of the CGI response; a view into the bytes that were pushed. */
  onStdout(chunk: Uint8Array): void;
  /** A piece of what the application complains about. */
  onStderr(chunk: Uint8Array): void;
  onEnd(end: FastCgiEnd): void;
}

/** Options of {@link encodeFastCgiRequest}. */
export interface FastCgiRequestOptions {
  /** Between 1 and 65,535; not in use by another request of the connection. */
  readonly requestId: number;
  /** Whether the server is to leave the connection open behind the answer. */
  readonly keepConnection: boolean;
  /** @default ROLE.RESPONDER */
  readonly role?: number;
}

/**
 * Writes the beginning of a request: BEGIN_REQUEST and all of PARAMS (§5.1, §5.2), in one piece. What comes behind is
 * STDIN: {@link frameStdin} for each piece, {@link endStdin} in any case.
 * @throws LocalProtocolError
 */
export function encodeFastCgiRequest(
  variables: Variables,
  { requestId, keepConnection, role = ROLE.RESPONDER }: FastCgiRequestOptions,
): Buffer {
  if (requestId === 0) throw new LocalProtocolError('BAD_REQUEST_ID', '0 is the connection itself');
  const body = Buffer.from([role >> 8, role & 0xff, keepConnection ? FLAG_KEEP_CONN : 0, 0, 0, 0, 0, 0]);
  return Buffer.concat([
    discreteRecord(RECORD.BEGIN_REQUEST, requestId, body),
    ...frameStream(RECORD.PARAMS, requestId, encodePairs(variables)),
    endOfStream(RECORD.PARAMS, requestId),
  ]);
}

/** Frames a piece of the body of a request; the piece is not copied. */
export function frameStdin(requestId: number, chunk: Uint8Array): Uint8Array[] {
  return frameStream(RECORD.STDIN, requestId, chunk);
}

/** Ends the body of a request, also of one without any. */
export function endStdin(requestId: number): Buffer {
  return endOfStream(RECORD.STDIN, requestId);
}

/** Asks the application to give up (§5.4); it ends the request all the same. */
export function encodeAbort(requestId: number): Buffer {
  return endOfStream(RECORD.ABORT_REQUEST, requestId);
}

/** `struct FCGI_EndRequestBody` (§5.5). */
const END_BODY_BYTES = 8;

/** Parses the answers of a connection; several requests may be under way, told apart by their ids. */
export class FastCgiResponseParser {
  readonly #records = new RecordParser({
    onRecord: (type, id, length) => this.#begin(type, id, length),
    onContent: (chunk) => this.#content(chunk),
    onRecordEnd: () => this.#end(),
  });
  readonly #pending = new Map<number, FastCgiResponseHandler>();
  #type = 0;
  #id = 0;
  #handler: FastCgiResponseHandler | undefined;
  #endBody: number[] = [];

  /** Whether nothing is waited for, and nothing half read. */
  get idle(): boolean {
    return this.#pending.size === 0 && this.#records.atBoundary;
  }

  /**
   * Says that a request was sent.
   * @throws LocalProtocolError BAD_REQUEST_ID when one with this id is under way.
   */
  expect(requestId: number, handler: FastCgiResponseHandler): void {
    if (this.#pending.has(requestId)) {
      throw new LocalProtocolError('BAD_REQUEST_ID', `the request ${requestId} is under way`);
    }
    this.#pending.set(requestId, handler);
  }

  /** Takes what has come, cut wherever. @throws RemoteProtocolError */
  push(bytes: Uint8Array): void {
    this.#records.push(bytes);
  }

  /** The server sends no more. @throws RemoteProtocolError INCOMPLETE when a request waits for its end. */
  finish(): void {
    if (!this.idle) throw new RemoteProtocolError('INCOMPLETE', 'the server closed within its answer');
  }

  #begin(type: number, id: number, length: number): void {
    this.#type = type;
    this.#id = id;
    this.#handler = undefined;
    // Management: nothing was asked, so nothing is told.
    if (id === 0) return;
    this.#handler = this.#pending.get(id);
    const isAnswer = type === RECORD.STDOUT || type === RECORD.STDERR || type === RECORD.END_REQUEST;
    if (this.#handler === undefined || !isAnswer) {
      throw new RemoteProtocolError('UNEXPECTED_RECORD', `a record of type ${type} for request ${id}`);
    }
    if (type !== RECORD.END_REQUEST) return;
    this.#endBody = [];
    if (length < END_BODY_BYTES) throw new RemoteProtocolError('BAD_RECORD', `an end of ${length} bytes`);
  }

  #content(chunk: Buffer): void {
    if (this.#type === RECORD.STDOUT) this.#handler?.onStdout(chunk);
    else if (this.#type === RECORD.STDERR) this.#handler?.onStderr(chunk);
    else if (this.#handler !== undefined && this.#endBody.length < END_BODY_BYTES) {
      this.#endBody.push(...chunk.subarray(0, END_BODY_BYTES - this.#endBody.length));
    }
  }

  #end(): void {
    const handler = this.#handler;
    if (handler === undefined || this.#type !== RECORD.END_REQUEST) return;
    this.#handler = undefined;
    this.#pending.delete(this.#id);
    const [a = 0, b = 0, c = 0, d = 0, protocolStatus = 0] = this.#endBody;
    handler.onEnd({ appStatus: ((a << 24) | (b << 16) | (c << 8) | d) >>> 0, protocolStatus });
  }
}

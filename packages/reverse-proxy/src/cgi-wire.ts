import {
  CgiResponseParser,
  encodeFastCgiRequest,
  encodeScgiRequest,
  encodeUwsgiRequest,
  endStdin,
  FastCgiResponseParser,
  frameStdin,
  PROTOCOL_STATUS,
  RemoteProtocolError,
} from '@highball/cgi-protocols';
import type { ResponseHandler, ResponseHead } from '@highball/http-parser';
import { Buffer } from 'node:buffer';
import type { Socket } from 'node:net';
import { cgiVariables, type CgiVariableOptions } from './cgi-variables.ts';
import type { OutgoingRequest } from './outgoing-request.ts';
import type { Wire } from './wire.ts';

const NO_FIELDS: readonly string[] = [];
const NO_BYTES = new Uint8Array();

/** A parser of the CGI response that this protocol carries. */
function responseParser(
  handler: ResponseHandler,
  method: string,
  options: { statusLine: boolean; keepAlive: boolean },
): CgiResponseParser {
  return new CgiResponseParser(
    {
      onHead: ({ status, reason, fields, contentLength }) => {
        const head: ResponseHead = {
          status,
          reason,
          minorVersion: 1,
          fields,
          contentLength,
          chunked: false,
          keepAlive: options.keepAlive,
          upgrade: undefined,
          untilClose: !options.keepAlive,
        };
        handler.onHead(head);
      },
      onBody: (chunk) => handler.onBody(chunk),
      onEnd: () => handler.onEnd(NO_FIELDS),
    },
    { method, statusLine: options.statusLine },
  );
}

/** uwsgi and SCGI: one request a connection; the answer ends with it. */
export class CgiWire implements Wire {
  readonly idle = false;
  readonly #handler: ResponseHandler;
  readonly #protocol: 'uwsgi' | 'scgi';
  readonly #options: CgiVariableOptions;
  #parser: CgiResponseParser | undefined;

  constructor(protocol: 'uwsgi' | 'scgi', handler: ResponseHandler, options: CgiVariableOptions) {
    this.#protocol = protocol;
    this.#handler = handler;
    this.#options = options;
  }

  begin(request: OutgoingRequest): Uint8Array {
    this.#parser = responseParser(this.#handler, request.method, { statusLine: true, keepAlive: false });
    const variables = cgiVariables(request, this.#options);
    if (this.#protocol === 'uwsgi') return encodeUwsgiRequest(variables);
    return encodeScgiRequest(variables, request.contentLength ?? 0);
  }

  writeBody(socket: Socket, chunk: Uint8Array): boolean {
    return socket.write(chunk);
  }

  endBody(): void {
    // CONTENT_LENGTH has said where it ends.
  }

  push(bytes: Uint8Array): void {
    this.#parser?.push(bytes);
  }

  finish(): void {
    this.#parser?.finish();
  }

  release(): Uint8Array {
    return NO_BYTES;
  }
}

/** One request at a time on a connection: servers with more are not known. */
const REQUEST_ID = 1;

/** FastCGI, on a connection that is kept. */
export class FastCgiWire implements Wire {
  readonly #handler: ResponseHandler;
  readonly #options: CgiVariableOptions;
  readonly #onStderr: (text: string) => void;
  readonly #records = new FastCgiResponseParser();

  constructor(handler: ResponseHandler, options: CgiVariableOptions, onStderr: (text: string) => void) {
    this.#handler = handler;
    this.#options = options;
    this.#onStderr = onStderr;
  }

  get idle(): boolean {
    return this.#records.idle;
  }

  begin(request: OutgoingRequest): Uint8Array {
    const variables = cgiVariables(request, this.#options);
    let ended = false;
    // The end of the body by its length is not the end of the exchange: END_REQUEST is still to come.
    const response = responseParser(
      {
        onInformational: () => undefined,
        onHead: (head) => this.#handler.onHead(head),
        onBody: (chunk) => this.#handler.onBody(chunk),
        onEnd: () => void (ended = true),
      },
      request.method,
      { statusLine: false, keepAlive: true },
    );
    this.#records.expect(REQUEST_ID, {
      onStdout: (chunk) => response.push(chunk),
      onStderr: (chunk) => this.#onStderr(Buffer.from(chunk).toString('utf8')),
      onEnd: ({ protocolStatus }) => {
        if (protocolStatus !== PROTOCOL_STATUS.REQUEST_COMPLETE) {
          throw new RemoteProtocolError('BAD_REQUEST', `refused with protocol status ${protocolStatus}`);
        }
        if (!ended) response.finish();
        this.#handler.onEnd(NO_FIELDS);
      },
    });
    return encodeFastCgiRequest(variables, { requestId: REQUEST_ID, keepConnection: true });
  }

  writeBody(socket: Socket, chunk: Uint8Array): boolean {
    let room = true;
    socket.cork();
    for (const part of frameStdin(REQUEST_ID, chunk)) room = socket.write(part);
    socket.uncork();
    return room;
  }

  endBody(socket: Socket): void {
    socket.write(endStdin(REQUEST_ID));
  }

  push(bytes: Uint8Array): void {
    this.#records.push(bytes);
  }

  finish(): void {
    this.#records.finish();
  }

  release(): Uint8Array {
    return NO_BYTES;
  }
}

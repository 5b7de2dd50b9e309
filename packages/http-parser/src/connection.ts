import { Buffer } from 'node:buffer';
import { BodyWriter } from './body-writer.ts';
import { LocalProtocolError, RemoteProtocolError } from './errors.ts';
import { type Event, NEED_DATA, PAUSED } from './events.ts';
import { requestFraming, responseFraming } from './framing.ts';
import type { ParserOptions } from './options.ts';
import { persists, RequestParser } from './request-parser.ts';
import { type ResponseHead, ResponseParser } from './response-parser.ts';
import { type FieldPairs, serializeRequestHead, serializeResponseHead } from './serializer.ts';
import { type Cause, type Role, type State, transition } from './state.ts';

type SentHead = Extract<Event, { type: 'request' | 'response' | 'informational-response' }>;

/**
 * One side of an HTTP/1.1 connection, in the manner of h11: bytes that arrive go in by {@link receiveData} and come
 * out as events by {@link nextEvent}; events go in by {@link send} and come out as bytes. It opens no socket. Both
 * sides' states are followed, and whoever does something out of turn gets an error: LocalProtocolError for this
 * side, RemoteProtocolError for the other.
 */
export class Connection {
  readonly #role: Role;
  readonly #parser: RequestParser | ResponseParser;
  readonly #events: Event[] = [];
  #states: Record<Role, State> = { client: 'idle', server: 'idle' };
  #writer: BodyWriter = new BodyWriter('none');
  #keepAlive = true;
  /** Of the request of this cycle: it decides how the response is framed. */
  #request = { method: 'GET', minorVersion: 1 as 0 | 1, upgrade: false };

  /** @param role - which side this is. */
  constructor(role: Role, options?: ParserOptions) {
    this.#role = role;
    this.#parser = role === 'server' ? this.#requestParser(options) : this.#responseParser(options);
  }

  /** What each side may do next. */
  get states(): Readonly<Record<Role, State>> {
    return { ...this.#states };
  }

  /**
   * Takes bytes from the peer, or null when it sends no more. Data events are views of these bytes.
   * @throws RemoteProtocolError when the peer breaks the protocol.
   */
  receiveData(bytes: Uint8Array | null): void {
    try {
      if (bytes !== null) this.#parser.push(bytes);
      else this.#endOfStream();
    } catch (error) {
      if (error instanceof RemoteProtocolError) this.#states[this.#peer] = 'error';
      throw error;
    }
  }

  /** What the peer has said next: an event, `'need-data'`, or `'paused'` until this cycle is over. */
  nextEvent(): Event | typeof NEED_DATA | typeof PAUSED {
    const event = this.#events.shift();
    if (event !== undefined) return event;
    const state = this.#states[this.#peer];
    return state === 'done' || state === 'must-close' || state === 'switched' ? PAUSED : NEED_DATA;
  }

  /**
   * Says something to the peer.
   * @returns the bytes to send.
   * @throws LocalProtocolError when it is not this side's turn, or the message would be malformed.
   */
  send(event: Event): Buffer {
    const next = transition(this.#role, this.#states[this.#role], event.type);
    const bytes = this.#serialize(event);
    this.#states[this.#role] = next;
    if (event.type === 'request')
      this.#states.server = transition('server', this.#states.server, 'request-received');
    if (event.type === 'response' && event.status === 101) this.#switch();
    if (event.type === 'end-of-message') this.#settle();
    return bytes;
  }

  /**
   * Begins the next request and response on the same connection.
   * @throws LocalProtocolError unless both sides are done.
   */
  startNextCycle(): void {
    this.#states = {
      client: transition('client', this.#states.client, 'next-cycle'),
      server: transition('server', this.#states.server, 'next-cycle'),
    };
    this.#parser.resume();
  }

  /** What came behind a protocol switch, for the next protocol. */
  trailingData(): Uint8Array {
    return this.#parser.release();
  }

  get #peer(): Role {
    return this.#role === 'server' ? 'client' : 'server';
  }

  #requestParser(options?: ParserOptions): RequestParser {
    return new RequestParser(
      {
        onHead: (head) => {
          const { method, target, minorVersion } = head;
          this.#request = {
            method,
            minorVersion,
            upgrade: head.upgrade !== undefined || method === 'CONNECT',
          };
          this.#keepAlive &&= head.keepAlive;
          this.#states.server = transition('server', this.#states.server, 'request-received');
          this.#hear({ type: 'request', method, target, minorVersion, fields: pairsOf(head.fields) });
        },
        onBody: (data) => this.#hear({ type: 'data', data }),
        onEnd: (trailers) => this.#hearEnd(trailers),
      },
      options,
    );
  }

  #responseParser(options?: ParserOptions): ResponseParser {
    return new ResponseParser(
      {
        onInformational: (head) => this.#hear({ ...responseOf(head), type: 'informational-response' }),
        onHead: (head) => {
          this.#keepAlive &&= head.keepAlive;
          this.#hear({ ...responseOf(head), type: 'response' });
          const { method } = this.#request;
          if (head.status === 101 || (method === 'CONNECT' && head.status < 300)) this.#switch();
        },
        onBody: (data) => this.#hear({ type: 'data', data }),
        onEnd: (trailers) => {
          if (this.#states.server !== 'switched') this.#hearEnd(trailers);
        },
      },
      options,
    );
  }

  #hear(event: Event): void {
    this.#states[this.#peer] = transition(this.#peer, this.#states[this.#peer], event.type);
    this.#events.push(event);
  }

  #hearEnd(trailers: readonly string[]): void {
    // A pipelined request waits until this side is done as well.
    this.#parser.pause();
    this.#hear({ type: 'end-of-message', trailers: pairsOf(trailers) });
    this.#settle();
  }

  #endOfStream(): void {
    if (!this.#parser.paused) this.#parser.finish();
    if (this.#states[this.#peer] === 'closed') return;
    this.#hear({ type: 'connection-closed' });
  }

  /** When a side is done and the connection will not be kept, that side must close. */
  #settle(): void {
    for (const side of ['client', 'server'] as const) {
      if (this.#states[side] === 'done' && !this.#keepAlive) this.#move(side, 'not-kept-alive');
    }
  }

  #switch(): void {
    this.#states.client = 'switched';
    this.#states.server = 'switched';
  }

  #move(side: Role, cause: Cause): void {
    this.#states[side] = transition(side, this.#states[side], cause);
  }

  #serialize(event: Event): Buffer {
    switch (event.type) {
      case 'data':
        return this.#writer.data(event.data);
      case 'end-of-message':
        return this.#writer.end(event.trailers ?? []);
      case 'connection-closed':
        return Buffer.alloc(0);
      default:
        return Buffer.from(this.#serializeHead(event), 'latin1');
    }
  }

  #serializeHead(event: SentHead): string {
    if (event.type === 'request') return this.#serializeRequest(event);
    const status = `${event.status} ${event.reason ?? ''}`;
    const isFinal = event.status >= 200 || event.status === 101;
    if (isFinal !== (event.type === 'response')) {
      throw new LocalProtocolError('BAD_STATUS_LINE', `${event.status} is no status of a ${event.type}`);
    }
    if (event.type === 'informational-response') return serializeResponseHead(status, event.fields);
    return serializeResponseHead(status, event.fields, this.#frameResponse(event.status, event.fields));
  }

  #serializeRequest({ method, target, fields }: Extract<Event, { type: 'request' }>): string {
    if (valueOf(fields, 'host') === undefined)
      throw new LocalProtocolError('BAD_VALUE', 'a request needs a Host');
    const framing = asLocal(() =>
      requestFraming(valueOf(fields, 'content-length'), valueOf(fields, 'transfer-encoding'), 1),
    );
    const head = serializeRequestHead(method, target, fields);
    this.#writer = framing.chunked
      ? new BodyWriter('chunked')
      : new BodyWriter('length', Math.max(0, framing.contentLength));
    this.#request = { method, minorVersion: 1, upgrade: valueOf(fields, 'upgrade') !== undefined };
    this.#keepAlive &&= persists(valueOf(fields, 'connection'), 1);
    (this.#parser as ResponseParser).expect(method);
    return head;
  }

  /** Chooses the framing of a response; returns the lines that say so, where the application has not. */
  #frameResponse(status: number, fields: FieldPairs): string {
    const { method, minorVersion } = this.#request;
    const length = valueOf(fields, 'content-length');
    const coding = valueOf(fields, 'transfer-encoding');
    const framing = asLocal(() => responseFraming(length, coding, 1, { method, status }));
    this.#keepAlive &&= persists(valueOf(fields, 'connection'), 1);
    if (framing.bodiless) this.#writer = new BodyWriter('none');
    else if (length !== undefined) this.#writer = new BodyWriter('length', framing.contentLength);
    else if (minorVersion === 1) {
      this.#writer = new BodyWriter('chunked');
      return coding === undefined ? 'Transfer-Encoding: chunked\r\n' : '';
    } else {
      if (coding !== undefined)
        throw new LocalProtocolError('BAD_VALUE', 'an HTTP/1.0 client knows no Transfer-Encoding');
      this.#writer = new BodyWriter('until-close');
      this.#keepAlive = false;
    }
    return this.#keepAlive || valueOf(fields, 'connection') !== undefined ? '' : 'Connection: close\r\n';
  }
}

/** What the peer may not send, this side may not either: the same rules, as errors of our own. */
function asLocal<Result>(act: () => Result): Result {
  try {
    return act();
  } catch (error) {
    if (!(error instanceof RemoteProtocolError)) throw error;
    throw new LocalProtocolError('BAD_VALUE', error.message);
  }
}

function responseOf(head: ResponseHead): {
  status: number;
  reason: string;
  minorVersion: 0 | 1;
  fields: FieldPairs;
} {
  const { status, reason, minorVersion, fields } = head;
  return { status, reason, minorVersion, fields: pairsOf(fields) };
}

function pairsOf(flat: readonly string[]): FieldPairs {
  return Array.from({ length: flat.length / 2 }, (_, i) => [
    flat[2 * i] as string,
    flat[2 * i + 1] as string,
  ]);
}

/** The values of a field, joined. */
function valueOf(fields: FieldPairs, wanted: string): string | undefined {
  const values = fields.filter(([name]) => name.toLowerCase() === wanted).map(([, value]) => value);
  return values.length === 0 ? undefined : values.join(',');
}

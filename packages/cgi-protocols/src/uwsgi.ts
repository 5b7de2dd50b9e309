import { LocalProtocolError, RemoteProtocolError } from './errors.ts';
import { asBuffer, Gather } from './gather.ts';
import { LengthBody, type RequestHandler } from './request-body.ts';
import {
  checkVariables,
  contentLengthOf,
  type RequestLimits,
  resolveLimits,
  type Variables,
} from './variables.ts';

/** struct uwsgi_packet_header: modifier1, size (little-endian), modifier2 (uWSGI docs, "The uwsgi Protocol"). */
const HEADER_BYTES = 4;
const MAX_SIZE = 0xffff;

/** What a uwsgi packet is about; 0 and 0 is a request for a WSGI application. */
export interface UwsgiModifiers {
  /** @default 0 */
  readonly modifier1?: number;
  /** @default 0 */
  readonly modifier2?: number;
}

/**
 * Writes the variables of a request as a uwsgi packet. The body follows as it is: CONTENT_LENGTH bytes.
 * @throws LocalProtocolError TOO_LARGE when they are more than 65,535 bytes; BAD_VARIABLE.
 */
export function encodeUwsgiRequest(
  variables: Variables,
  { modifier1 = 0, modifier2 = 0 }: UwsgiModifiers = {},
): Buffer {
  checkVariables(variables);
  let size = variables.length * 2;
  for (const text of variables) size += text.length;
  if (size > MAX_SIZE) {
    throw new LocalProtocolError('TOO_LARGE', `variables of ${size} bytes; uwsgi carries ${MAX_SIZE}`);
  }
  const packet = Buffer.allocUnsafe(HEADER_BYTES + size);
  packet[0] = modifier1;
  packet.writeUInt16LE(size, 1);
  packet[3] = modifier2;
  let at = HEADER_BYTES;
  for (const text of variables) {
    at = packet.writeUInt16LE(text.length, at);
    at += packet.write(text, at, 'latin1');
  }
  return packet;
}

/** Reads the variables of a packet. @throws RemoteProtocolError BAD_VARIABLES, TOO_MANY_VARIABLES */
function decodeVariables(block: Buffer, maxVariables: number): string[] {
  const variables: string[] = [];
  let at = 0;
  while (at < block.length) {
    const end = at + 2 + (at + 2 <= block.length ? block.readUInt16LE(at) : 0);
    if (at + 2 > block.length || end > block.length) {
      throw new RemoteProtocolError('BAD_VARIABLES', 'a variable goes beyond its packet');
    }
    const text = block.toString('latin1', at + 2, end);
    if (text === '' && variables.length % 2 === 0) {
      throw new RemoteProtocolError('BAD_VARIABLES', 'a variable without a name');
    }
    variables.push(text);
    if (variables.length > maxVariables * 2) {
      throw new RemoteProtocolError('TOO_MANY_VARIABLES', `more than ${maxVariables} variables`);
    }
    at = end;
  }
  if (variables.length % 2 !== 0) throw new RemoteProtocolError('BAD_VARIABLES', 'a name without a value');
  return variables;
}

/**
 * Parses the request of one connection, as nginx's uwsgi_pass sends it: bytes in, calls out. Only packets for a WSGI
 * application are served (modifier1 0).
 */
export class UwsgiRequestParser {
  readonly #limits: Required<RequestLimits>;
  readonly #gather = new Gather();
  readonly #body: LengthBody;
  #size = -1;
  #inBody = false;

  constructor(handler: RequestHandler, limits?: RequestLimits) {
    this.#limits = resolveLimits(limits);
    this.#body = new LengthBody(handler);
  }

  /** Whether the request has been read to its end. */
  get ended(): boolean {
    return this.#body.ended;
  }

  /** Takes what has come, cut wherever. @throws RemoteProtocolError */
  push(bytes: Uint8Array): void {
    const buffer = asBuffer(bytes);
    let at = 0;
    if (this.#size === -1) {
      const { whole, taken } = this.#gather.take(buffer, at, HEADER_BYTES);
      at += taken;
      if (whole === undefined) return;
      this.#size = this.#readHeader(whole);
    }
    if (!this.#inBody) {
      const { whole, taken } = this.#gather.take(buffer, at, this.#size);
      at += taken;
      if (whole === undefined) return;
      const variables = decodeVariables(whole, this.#limits.maxVariables);
      this.#inBody = true;
      this.#body.start(variables, contentLengthOf(variables, this.#limits.maxBodyBytes));
    }
    this.#body.push(buffer.subarray(at));
  }

  /** The peer sends no more. @throws RemoteProtocolError INCOMPLETE when that is within the request. */
  finish(): void {
    if (!this.#body.ended) throw new RemoteProtocolError('INCOMPLETE', 'the peer closed within its request');
  }

  #readHeader(header: Buffer): number {
    if (header[0] !== 0) {
      // "GET " and its like: a packet of 0x5445 bytes, if one were to believe it.
      const http = /^[A-Z]{3}/.test(header.toString('latin1'));
      const what = http ? 'HTTP, where uwsgi is spoken' : `a uwsgi packet with the modifier ${header[0]}`;
      throw new RemoteProtocolError('NOT_SERVED', what);
    }
    const size = header.readUInt16LE(1);
    if (size > this.#limits.maxVariablesBytes) {
      throw new RemoteProtocolError('VARIABLES_TOO_LARGE', `variables of ${size} bytes`);
    }
    return size;
  }
}

import { LocalProtocolError, RemoteProtocolError } from './errors.ts';
import { asBuffer, Gather } from './gather.ts';
import { LengthBody, type RequestHandler } from './request-body.ts';
import {
  checkVariables,
  contentLengthOf,
  type RequestLimits,
  resolveLimits,
  variable,
  type Variables,
} from './variables.ts';

const COLON = 0x3a;
const COMMA = 0x2c;
const ZERO = 0x30;
/** More digits than the length of any block of variables that is accepted. */
const MAX_LENGTH_DIGITS = 9;

/**
 * Writes the variables of a request as SCGI's netstring (https://python.ca/scgi/protocol.txt): CONTENT_LENGTH first,
 * then `SCGI` `1`, both of which it adds. The body follows as it is.
 * @param contentLength - bytes of the body.
 * @throws LocalProtocolError BAD_VARIABLE, TOO_LARGE
 */
export function encodeScgiRequest(variables: Variables, contentLength: number): Buffer {
  checkVariables(variables);
  if (!Number.isSafeInteger(contentLength) || contentLength < 0) {
    throw new LocalProtocolError('TOO_LARGE', `a body of ${contentLength} bytes`);
  }
  let text = `CONTENT_LENGTH\0${contentLength}\0SCGI\x001\0`;
  for (let i = 0; i < variables.length; i += 2) {
    const name = variables[i] as string;
    if (name !== 'CONTENT_LENGTH' && name !== 'SCGI') text += `${name}\0${variables[i + 1]}\0`;
  }
  return Buffer.from(`${text.length}:${text},`, 'latin1');
}

/** Reads the strings of the netstring. @throws RemoteProtocolError BAD_VARIABLES, TOO_MANY_VARIABLES */
function decodeVariables(block: Buffer, maxVariables: number): string[] {
  const variables = block.toString('latin1', 0, block.length - 1).split('\0');
  if (variables.pop() !== '') throw new RemoteProtocolError('BAD_VARIABLES', 'the last value does not end');
  if (variables.length > maxVariables * 2) {
    throw new RemoteProtocolError('TOO_MANY_VARIABLES', `more than ${maxVariables} variables`);
  }
  if (variables.length % 2 !== 0) throw new RemoteProtocolError('BAD_VARIABLES', 'a name without a value');
  for (let i = 0; i < variables.length; i += 2) {
    if (variables[i] === '') throw new RemoteProtocolError('BAD_VARIABLES', 'a variable without a name');
  }
  if (variables[0] !== 'CONTENT_LENGTH') {
    throw new RemoteProtocolError('BAD_VARIABLES', 'CONTENT_LENGTH does not come first');
  }
  if (variable(variables, 'SCGI') !== '1') {
    throw new RemoteProtocolError('NOT_SERVED', 'a request that is not of SCGI 1');
  }
  return variables;
}

/** Parses the SCGI request of one connection: bytes in, calls out. */
export class ScgiRequestParser {
  readonly #limits: Required<RequestLimits>;
  readonly #gather = new Gather();
  readonly #body: LengthBody;
  #digits = 0;
  #length = 0;
  #state: 'length' | 'variables' | 'body' = 'length';

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
    while (this.#state === 'length') {
      if (at === buffer.length) return;
      this.#readLength(buffer[at++] as number);
    }
    if (this.#state === 'variables') {
      // The comma belongs to it.
      const { whole, taken } = this.#gather.take(buffer, at, this.#length + 1);
      at += taken;
      if (whole === undefined) return;
      if (whole[this.#length] !== COMMA)
        throw new RemoteProtocolError('BAD_NETSTRING', 'no comma at its end');
      const variables = decodeVariables(whole, this.#limits.maxVariables);
      this.#state = 'body';
      this.#body.start(variables, contentLengthOf(variables, this.#limits.maxBodyBytes));
    }
    this.#body.push(buffer.subarray(at));
  }

  /** The peer sends no more. @throws RemoteProtocolError INCOMPLETE when that is within the request. */
  finish(): void {
    if (!this.#body.ended) throw new RemoteProtocolError('INCOMPLETE', 'the peer closed within its request');
  }

  #readLength(byte: number): void {
    if (byte === COLON && this.#digits > 0) {
      this.#state = 'variables';
      return;
    }
    const digit = byte - ZERO;
    // Neither a sign nor a leading zero: one length has one spelling (https://cr.yp.to/proto/netstrings.txt).
    const isLeadingZero = this.#digits > 0 && this.#length === 0;
    if (!(digit >= 0 && digit <= 9) || isLeadingZero || ++this.#digits > MAX_LENGTH_DIGITS) {
      throw new RemoteProtocolError('BAD_NETSTRING', 'a length that is none');
    }
    this.#length = this.#length * 10 + digit;
    if (this.#length > this.#limits.maxVariablesBytes) {
      throw new RemoteProtocolError('VARIABLES_TOO_LARGE', `variables of ${this.#length} bytes or more`);
    }
  }
}

import { LocalProtocolError, RemoteProtocolError } from './errors.ts';

/**
 * The variables of a request (RFC 3875 §4.1), flat: name, value, name, value… All text is latin-1, one character a
 * byte, as in an environ.
 */
export type Variables = readonly string[];

/** What a server accepts; each has its default in {@link resolveLimits}. */
export interface RequestLimits {
  /** The variables of one request together. @default 65_536 bytes (uWSGI's protocol cannot carry more) */
  readonly maxVariablesBytes?: number;
  /** Variables of one request. @default 300 (a hundred fields, and what servers add) */
  readonly maxVariables?: number;
  /** The body of one request. @default Infinity: who reads it counts */
  readonly maxBodyBytes?: number;
}

const MAX_VARIABLES_BYTES = 65_536;
const MAX_VARIABLES = 300;

/** The limits with their defaults. */
export function resolveLimits(limits: RequestLimits = {}): Required<RequestLimits> {
  return {
    maxVariablesBytes: limits.maxVariablesBytes ?? MAX_VARIABLES_BYTES,
    maxVariables: limits.maxVariables ?? MAX_VARIABLES,
    maxBodyBytes: limits.maxBodyBytes ?? Infinity,
  };
}

/**
 * Checks what is to be sent.
 * @throws LocalProtocolError BAD_VARIABLE: an odd list, an empty name, NUL (it ends strings in SCGI, and in C), or a
 *   character that is no byte.
 */
export function checkVariables(variables: Variables): void {
  if (variables.length % 2 !== 0) {
    throw new LocalProtocolError('BAD_VARIABLE', 'variables come in pairs of name and value');
  }
  for (let i = 0; i < variables.length; i++) {
    const text = variables[i] as string;
    if (i % 2 === 0 && text === '') throw new LocalProtocolError('BAD_VARIABLE', 'a variable without a name');
    // oxlint-disable-next-line no-control-regex
    if (/[\0\u0100-\uffff]/.test(text)) {
      throw new LocalProtocolError('BAD_VARIABLE', `${variables[i - (i % 2)]} cannot be sent`);
    }
  }
}

/** The value of a variable; undefined when there is none. Of a repeated one the last, as uWSGI and PHP take it. */
export function variable(variables: Variables, name: string): string | undefined {
  for (let i = variables.length - 2; i >= 0; i -= 2) if (variables[i] === name) return variables[i + 1];
  return undefined;
}

/**
 * The length of the body that the variables announce: 0 without CONTENT_LENGTH, or with an empty one (nginx sends
 * it so).
 * @throws RemoteProtocolError BAD_CONTENT_LENGTH, BODY_TOO_LARGE, REPEATED_FIELD
 */
export function contentLengthOf(variables: Variables, maxBodyBytes: number): number {
  let text: string | undefined;
  for (let i = 0; i < variables.length; i += 2) {
    if (variables[i] !== 'CONTENT_LENGTH') continue;
    if (text !== undefined) throw new RemoteProtocolError('REPEATED_FIELD', 'CONTENT_LENGTH twice');
    text = variables[i + 1] as string;
  }
  if (text === undefined || text === '') return 0;
  const length = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(length)) {
    throw new RemoteProtocolError('BAD_CONTENT_LENGTH', `the length ${JSON.stringify(text)}`);
  }
  if (length > maxBodyBytes) {
    throw new RemoteProtocolError('BODY_TOO_LARGE', `a body of more than ${maxBodyBytes} bytes`);
  }
  return length;
}

/** A mistake in the use of this package: nothing was sent. */
export type LocalErrorCode =
  /** What is to be sent is longer than the protocol, or its length field, allows. */
  | 'TOO_LARGE'
  /** A name or a value that the protocol cannot carry. */
  | 'BAD_VARIABLE'
  /** A request id that is none, or that is in use. */
  | 'BAD_REQUEST_ID'
  /** A status that is none. */
  | 'BAD_STATUS';

/** What a peer can do wrong. */
export type RemoteErrorCode =
  | 'BAD_NETSTRING'
  | 'BAD_VARIABLES'
  | 'VARIABLES_TOO_LARGE'
  | 'TOO_MANY_VARIABLES'
  | 'BAD_CONTENT_LENGTH'
  | 'BODY_TOO_LARGE'
  | 'BAD_VERSION'
  | 'BAD_RECORD'
  | 'UNEXPECTED_RECORD'
  | 'NOT_SERVED'
  | 'HEAD_TOO_LARGE'
  | 'TOO_MANY_FIELDS'
  | 'BAD_FIELD'
  | 'BAD_STATUS_FIELD'
  | 'REPEATED_FIELD'
  | 'NO_CGI_FIELD'
  | 'BAD_REQUEST'
  | 'INCOMPLETE';

/** What all errors of this package have in common. */
export abstract class CgiProtocolError extends Error {
  /** Stable: safe to compare with. */
  abstract readonly code: LocalErrorCode | RemoteErrorCode;
}

/** The calling program asks for what cannot be said; nothing was sent. */
export class LocalProtocolError extends CgiProtocolError {
  override readonly name = 'LocalProtocolError';
  readonly code: LocalErrorCode;

  constructor(code: LocalErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

/** The peer broke the protocol, or a limit: the connection cannot be used any further. */
export class RemoteProtocolError extends CgiProtocolError {
  override readonly name = 'RemoteProtocolError';
  readonly code: RemoteErrorCode;

  constructor(code: RemoteErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

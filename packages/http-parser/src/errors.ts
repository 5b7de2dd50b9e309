/**
 * Every fault of a peer that the parser knows, with the status that a server answers (RFC 9110 §15). As a client
 * the status does not matter: the answer is unusable, and a proxy says 502.
 */
const STATUS_OF = {
  BAD_START_LINE: 400,
  BAD_METHOD: 400,
  METHOD_NOT_IMPLEMENTED: 501,
  BAD_TARGET: 400,
  TARGET_TOO_LONG: 414,
  BAD_VERSION: 400,
  VERSION_NOT_SUPPORTED: 505,
  BAD_STATUS: 400,
  BARE_CR: 400,
  BARE_LF: 400,
  OBSOLETE_FOLD: 400,
  SPACE_BEFORE_FIELD: 400,
  BAD_FIELD_NAME: 400,
  BAD_FIELD_VALUE: 400,
  TOO_MANY_FIELDS: 431,
  FIELD_TOO_LARGE: 431,
  HEAD_TOO_LARGE: 431,
  MISSING_HOST: 400,
  BAD_HOST: 400,
  REPEATED_FIELD: 400,
  BAD_CONTENT_LENGTH: 400,
  BAD_TRANSFER_ENCODING: 400,
  TRANSFER_CODING_NOT_IMPLEMENTED: 501,
  AMBIGUOUS_FRAMING: 400,
  BAD_EXPECTATION: 417,
  BAD_CHUNK_SIZE: 400,
  BAD_CHUNK_EXTENSION: 400,
  CHUNK_EXTENSION_TOO_LARGE: 400,
  BAD_CHUNK_END: 400,
  FORBIDDEN_TRAILER: 400,
  BODY_TOO_LARGE: 413,
  INCOMPLETE_HEAD: 400,
  INCOMPLETE_BODY: 400,
  UNEXPECTED_RESPONSE: 400,
} as const;

/** The literal code of a fault of the peer. */
export type RemoteErrorCode = keyof typeof STATUS_OF;

/** The literal code of a mistake in the use of this package. */
export type LocalErrorCode =
  | 'BAD_STATUS_LINE'
  | 'BAD_NAME'
  | 'BAD_VALUE'
  | 'BAD_SIZE'
  | 'BAD_STATE'
  | 'BAD_BODY_LENGTH'
  | 'BAD_OPTION';

/** What all errors of this package have in common. */
export class HttpParserError extends Error {
  /** Stable: safe to compare with. */
  readonly code: RemoteErrorCode | LocalErrorCode;

  constructor(code: RemoteErrorCode | LocalErrorCode, message: string) {
    super(message);
    this.name = new.target.name;
    this.code = code;
  }
}

/** The peer broke the protocol, or a limit. The connection cannot be used any further. */
export class RemoteProtocolError extends HttpParserError {
  declare readonly code: RemoteErrorCode;
  /** The status a server should answer before it closes. */
  readonly status: number;
  /** Whether the connection must be closed: always, since the end of the message is unknown (RFC 9112 §6.3). */
  readonly close = true;

  constructor(code: RemoteErrorCode, message: string) {
    super(code, message);
    this.status = STATUS_OF[code];
  }
}

/** This side was about to break the protocol: nothing was sent. */
export class LocalProtocolError extends HttpParserError {
  declare readonly code: LocalErrorCode;
}

/** What can be wrong with a request that parses. */
export type EnvironErrorCode =
  | 'BAD_PATH'
  | 'UNDERSCORE_IN_NAME'
  | 'BAD_FORWARDED'
  | 'CONFLICTING_FORWARDED'
  | 'OUTSIDE_ROOT_PATH';

/** A request of which no environ can be made: the client, or a trusted proxy, is at fault. */
export class EnvironError extends Error {
  override readonly name = 'EnvironError';
  readonly code: EnvironErrorCode;
  /** The status to answer. */
  readonly status: number;

  constructor(code: EnvironErrorCode, message: string) {
    super(message);
    this.code = code;
    this.status = code === 'OUTSIDE_ROOT_PATH' ? 404 : 400;
  }
}

/** An option that makes no sense: the calling program is at fault. */
export class EnvironOptionError extends Error {
  override readonly name = 'EnvironOptionError';
  readonly code = 'BAD_OPTION';
}

/** Bytes that are no PROXY protocol header: the connection must be closed. */
export class ProxyProtocolError extends Error {
  override readonly name = 'ProxyProtocolError';
  readonly code = 'BAD_PROXY_HEADER';
}

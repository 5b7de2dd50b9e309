/** An option or an address that makes no sense: the calling program is at fault. */
export class ProxyConfigError extends Error {
  override readonly name = 'ProxyConfigError';
  readonly code = 'BAD_UPSTREAM';
}

/** How an upstream failed. */
export type UpstreamErrorCode =
  /** It could not be reached; nothing was sent. */
  | 'CONNECT_FAILED'
  | 'CONNECT_TIMEOUT'
  /** It closed the connection before its answer was complete. */
  | 'RESET'
  /** It was silent for too long. */
  | 'TIMEOUT'
  /** What it said is no HTTP. */
  | 'BAD_RESPONSE'
  /** The client left first. */
  | 'ABORTED';

/** An upstream that failed, and how far the request had come by then. */
export class UpstreamError extends Error {
  override readonly name = 'UpstreamError';
  readonly code: UpstreamErrorCode;
  /** Whether the connection had served a request before. */
  reused = false;
  /** Whether a byte of the answer had come. */
  answered = false;

  constructor(code: UpstreamErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }

  /** The status for the client (RFC 9110 §15.6.3, §15.6.5). */
  get status(): 502 | 504 {
    return this.code === 'TIMEOUT' || this.code === 'CONNECT_TIMEOUT' ? 504 : 502;
  }
}

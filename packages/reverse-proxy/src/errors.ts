/** What an error of this package is about. */
export type ProxyErrorCode = 'BAD_UPSTREAM' | 'BAD_OPTION' | UpstreamErrorCode;

/** The base of all errors of this package. */
export abstract class ProxyError extends Error {
  /** Stable: safe to compare with. */
  abstract readonly code: ProxyErrorCode;
}

/** An option or an address that makes no sense: the calling program is at fault. */
export class ProxyConfigError extends ProxyError {
  override readonly name = 'ProxyConfigError';
  readonly code: 'BAD_UPSTREAM' | 'BAD_OPTION';

  constructor(message: string, code: 'BAD_UPSTREAM' | 'BAD_OPTION' = 'BAD_UPSTREAM') {
    super(message);
    this.code = code;
  }
}

/** How an upstream failed. */
export type UpstreamErrorCode =
  /** It could not be reached; nothing was sent. */
  | 'CONNECT_FAILED'
  | 'CONNECT_TIMEOUT'
  /** It closed the connection before its answer was complete. */
  | 'RESET'
  /** It has not done anything with the request, and says so (RFC 9113 §8.7). */
  | 'REFUSED'
  /** It was silent for too long, before its answer or within it. */
  | 'TIMEOUT'
  /** It took nothing of the request for too long. */
  | 'SEND_TIMEOUT'
  /** All of it, with its retries, has taken too long. */
  | 'TOTAL_TIMEOUT'
  /** What it said is not its protocol. */
  | 'BAD_RESPONSE'
  /** The request cannot be said in its protocol. */
  | 'BAD_REQUEST'
  /** The client left first. */
  | 'ABORTED';

const TIMEOUTS: ReadonlySet<UpstreamErrorCode> = new Set([
  'TIMEOUT',
  'CONNECT_TIMEOUT',
  'SEND_TIMEOUT',
  'TOTAL_TIMEOUT',
]);

/** An upstream that failed, and how far the request had come by then. */
export class UpstreamError extends ProxyError {
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
    return TIMEOUTS.has(this.code) ? 504 : 502;
  }
}

/** It cannot be reached: nothing was sent. @param name - its address. */
export function unreachable(name: string, error: Error): UpstreamError {
  return new UpstreamError('CONNECT_FAILED', `${name} cannot be reached: ${error.message}`, { cause: error });
}

/** The client has left: nobody is at fault, and nobody hears the answer. */
export function clientGone(): UpstreamError {
  return new UpstreamError('ABORTED', 'the client has left');
}

/** What an upstream has said cannot be read, or be told. */
export function badResponse(error: unknown): UpstreamError {
  if (error instanceof UpstreamError) return error;
  return new UpstreamError('BAD_RESPONSE', `the upstream does not speak its protocol: ${why(error)}`, {
    cause: error,
  });
}

/** The code and the message of whatever was thrown. */
export function why(error: unknown): string {
  const { code, message } = error as { code?: unknown; message?: unknown };
  return code === undefined ? String(message) : `${String(code)}: ${String(message)}`;
}

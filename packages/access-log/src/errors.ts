/** What can be wrong with an access log. */
export type AccessLogErrorCode = 'BAD_OPTION' | 'UNKNOWN_NAME' | 'CANNOT_OPEN';

/** A log that cannot be set up, or opened. */
export class AccessLogError extends Error {
  override readonly name = 'AccessLogError';
  /** Stable: safe to compare with. */
  readonly code: AccessLogErrorCode;

  constructor(code: AccessLogErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

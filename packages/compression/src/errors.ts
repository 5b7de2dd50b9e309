/** What can go wrong in this package. */
export type CompressionErrorCode = 'BAD_OPTION' | 'BAD_BODY' | 'BODY_LENGTH' | 'ENCODER_FAILED';

/** The base of all errors of this package. */
export class CompressionError extends Error {
  override readonly name: string = 'CompressionError';
  /** Stable: safe to compare with. */
  readonly code: CompressionErrorCode;

  constructor(code: CompressionErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** An option that makes no sense: thrown when the middleware is made. */
export class CompressionOptionError extends CompressionError {
  override readonly name = 'CompressionOptionError';

  constructor(message: string) {
    super('BAD_OPTION', message);
  }
}

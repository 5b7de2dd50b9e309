/** What can go wrong in this package. */
export type ErrorPagesErrorCode = 'BAD_OPTION' | 'BAD_FILE';

/** Pages that cannot be made: thrown by `errorPages`, when the server starts. */
export class ErrorPagesError extends Error {
  override readonly name = 'ErrorPagesError';
  /** Stable: safe to compare with. */
  readonly code: ErrorPagesErrorCode;

  constructor(code: ErrorPagesErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

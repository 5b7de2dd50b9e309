/** What can go wrong with limits. */
export type LimitsErrorCode =
  | 'BAD_OPTION'
  | 'BODY_TOO_LARGE'
  | 'STORE_AWAY'
  | 'STORE_CLOSED'
  | 'STORE_FAILED'
  | 'STORE_TIMEOUT';

/** The base of all errors of this package. */
export class LimitsError extends Error {
  override readonly name: string = 'LimitsError';
  /** Stable: safe to compare with. */
  readonly code: LimitsErrorCode;

  constructor(code: LimitsErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** An option or a rule that makes no sense: the calling program's mistake. */
export class LimitsOptionError extends LimitsError {
  override readonly name = 'LimitsOptionError';

  constructor(message: string) {
    super('BAD_OPTION', message);
  }
}

/** The client sends more than it may: what reading the body is rejected with. Left alone, it becomes 413. */
export class BodyTooLargeError extends LimitsError {
  override readonly name = 'BodyTooLargeError';
  readonly status = 413;

  constructor(maxBytes: number) {
    super('BODY_TOO_LARGE', `the request has more than ${maxBytes} bytes`);
  }
}

/** The keeper of the counts, or Redis, does not answer as it should. */
export class StoreError extends LimitsError {
  override readonly name = 'StoreError';
}

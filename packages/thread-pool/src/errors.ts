/** What the calling program can do wrong. */
export type UsageErrorCode = 'BAD_OPTION' | 'NOT_STARTED' | 'STARTED_TWICE' | 'NOT_A_THREAD';

/** What can happen to a thread, and so to the requests in it. */
export type ThreadErrorCode =
  | 'BOOT_FAILED'
  | 'BOOT_TIMEOUT'
  | 'THREAD_DIED'
  | 'THREAD_BLOCKED'
  | 'GIVEN_UP'
  | 'POOL_CLOSED';

/** What an application in a thread can do wrong. */
export type ApplicationErrorCode =
  | 'BAD_APPLICATION'
  | 'BAD_BODY'
  | 'BAD_CHUNK'
  | 'BAD_HEADERS'
  | 'BAD_READ_SIZE'
  | 'CONCURRENT_READ'
  | 'NO_START_RESPONSE'
  | 'RESPONSE_OVER'
  | 'START_RESPONSE_TWICE'
  | 'WRITE_OVERFLOW';

/** What all errors of this package have in common. */
export class ThreadPoolError<Code extends string = string> extends Error {
  /** Stable: safe to compare with. */
  readonly code: Code;

  constructor(code: Code, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
  }
}

/** A call or an option that makes no sense: the calling program is at fault. */
export class UsageError extends ThreadPoolError<UsageErrorCode> {}

/**
 * A thread did not come up, or did not survive. `cause` is what the application threw, where it threw something. A
 * request that was in it fails with this, which its server answers by 500.
 */
export class ThreadError extends ThreadPoolError<ThreadErrorCode> {}

/** The application breaks the gateway protocol; the message names the mend. Its server answers 500. */
export class ApplicationError extends ThreadPoolError<ApplicationErrorCode> {}

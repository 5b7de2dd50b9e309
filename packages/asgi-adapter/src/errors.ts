/** How an application can break the contract. */
export type AsgiProtocolErrorCode =
  /** An event that is none, or that has fields it must not have. */
  | 'BAD_EVENT'
  /** An event at a moment when it makes no sense: a second start, a body behind the end. */
  | 'UNEXPECTED_EVENT'
  /** The application returned before it had answered. */
  | 'NO_RESPONSE'
  /** The application returned in the middle of its answer; the connection is cut. */
  | 'INCOMPLETE_RESPONSE'
  /** More is sent without awaiting than may wait; the connection is cut. */
  | 'SEND_NOT_AWAITED'
  /** The scope is of a type that is not served. */
  | 'UNKNOWN_SCOPE'
  /** Two readers of `wsgi.input` at a time. */
  | 'CONCURRENT_READ'
  /** A read of `wsgi.input` of a size that is none. */
  | 'BAD_READ_SIZE'
  /** A call-shaped application that did not call start_response before its body. */
  | 'NO_START_RESPONSE'
  /** start_response was called a second time, without an error. */
  | 'START_RESPONSE_TWICE'
  /** A call-shaped application returned something that is no body. */
  | 'BAD_BODY';

/** What can go wrong with the life of an application. */
export type LifespanErrorCode =
  /** `lifespan.startup.failed`, with its message. */
  | 'STARTUP_FAILED'
  /** It did not say within its time whether it started. */
  | 'STARTUP_TIMEOUT'
  /** `lifespan.shutdown.failed`, with its message; or the application threw. */
  | 'SHUTDOWN_FAILED'
  | 'SHUTDOWN_TIMEOUT'
  /** It does not speak lifespan, and the option says that it must. */
  | 'LIFESPAN_UNSUPPORTED';

/** What all errors of this package have in common. */
export class AsgiError<Code extends string = string> extends Error {
  /** Stable: safe to compare with. */
  readonly code: Code;

  constructor(code: Code, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
  }
}

/** The application breaks the contract: the program is at fault. */
export class AsgiProtocolError extends AsgiError<AsgiProtocolErrorCode> {}

/**
 * `send` after the client has left (ASGI HTTP spec 2.4, "Disconnected Client", where it is an OSError). Let it
 * pass: nobody logs it as an error.
 */
export class ClientDisconnected extends AsgiError<'CLIENT_DISCONNECTED'> {
  constructor(options?: ErrorOptions) {
    super('CLIENT_DISCONNECTED', 'the client has left', options);
  }
}

/** The application did not start, or did not stop, as it should. */
export class LifespanError extends AsgiError<LifespanErrorCode> {}

/** An option that makes no sense. */
export class AsgiOptionError extends AsgiError<'BAD_OPTION'> {
  constructor(message: string) {
    super('BAD_OPTION', message);
  }
}

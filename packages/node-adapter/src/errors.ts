/** What can go wrong with a request that runs in this package. */
export type NodeAdapterErrorCode =
  | 'BAD_OPTION'
  | 'BAD_READ_SIZE'
  | 'CONCURRENT_READ'
  | 'NOT_RECOGNISED'
  | 'NO_SERVER'
  | 'CAPTURE_TWICE'
  | 'RESPONSE_DESTROYED'
  | 'BUFFER_FULL'
  | 'UNSUPPORTED'
  | 'CLIENT_GONE'
  | 'START_RESPONSE'
  | 'BAD_BODY'
  | 'RESPONSE_OVER';

/** What all errors of this package have in common. */
export class NodeAdapterError<Code extends NodeAdapterErrorCode = NodeAdapterErrorCode> extends Error {
  /** Stable: safe to compare with. */
  readonly code: Code;

  constructor(code: Code, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
  }
}

/** The calling program is at fault: an option, or a thing that is no application. */
export class AdapterUsageError extends NodeAdapterError<
  'BAD_OPTION' | 'NOT_RECOGNISED' | 'NO_SERVER' | 'CAPTURE_TWICE'
> {}

/** The handler, or the gateway application, did what cannot be carried out. */
export class HandlerError extends NodeAdapterError<
  | ('RESPONSE_DESTROYED' | 'BUFFER_FULL' | 'UNSUPPORTED' | 'START_RESPONSE' | 'BAD_BODY' | 'RESPONSE_OVER')
  | ('BAD_READ_SIZE' | 'CONCURRENT_READ')
> {}

/** The client left before its answer was complete: nobody here is at fault. */
export class ClientGoneError extends NodeAdapterError<'CLIENT_GONE'> {
  constructor(options?: ErrorOptions) {
    super('CLIENT_GONE', 'the client left before its answer was complete', options);
  }
}

/**
 * An error that Node's own request or response would have thrown, with Node's documented code: frameworks look
 * at the code, and do not care who threw it.
 */
export function nodeError(code: string, message: string, cause?: unknown): Error & { code: string } {
  return Object.assign(new Error(message, cause === undefined ? undefined : { cause }), { code });
}

/** What Node gives a request whose client has left (`http`, Event: 'close'): `aborted`, ECONNRESET. */
export function abortedError(cause?: unknown): Error & { code: string } {
  return nodeError('ECONNRESET', 'aborted', cause);
}

/** What can go wrong between a fetch handler and a gateway. */
export type FetchAdapterErrorCode = HandlerErrorCode | RequestErrorCode | GatewayErrorCode | 'BAD_OPTION';

/** What a fetch handler did wrong. */
export type HandlerErrorCode = 'NOT_A_RESPONSE' | 'ERROR_RESPONSE' | 'BODY_USED';

/** Why no `Request` can be made of a request. */
export type RequestErrorCode = 'BAD_HOST' | 'BAD_TARGET' | 'FORBIDDEN_METHOD';

/** What a gateway application did wrong when it ran as a fetch handler. */
export type GatewayErrorCode =
  | 'NO_START_RESPONSE'
  | 'START_RESPONSE_TWICE'
  | 'RESPONSE_OVER'
  | 'BAD_STATUS'
  | 'BAD_LENGTH'
  | 'SERVER_FIELD'
  | 'BAD_BODY'
  | 'BAD_CHUNK'
  | 'BODY_TOO_LONG'
  | 'BODY_TOO_SHORT'
  | 'WRITE_OVERFLOW'
  | 'BAD_READ_SIZE'
  | 'CONCURRENT_READ';

/** The base of all errors of this package. */
export abstract class FetchAdapterError extends Error {
  abstract readonly code: FetchAdapterErrorCode;
}

/** The fetch handler returned what cannot be sent. */
export class FetchHandlerError extends FetchAdapterError {
  override readonly name = 'FetchHandlerError';
  readonly code: HandlerErrorCode;

  constructor(code: HandlerErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

/** The client sent what `Request` cannot express. It is answered without the handler. */
export class FetchRequestError extends FetchAdapterError {
  override readonly name = 'FetchRequestError';
  readonly code: RequestErrorCode;
  /** The status to answer. */
  readonly status: 400 | 501;

  constructor(code: RequestErrorCode, message: string) {
    super(message);
    this.code = code;
    this.status = code === 'FORBIDDEN_METHOD' ? 501 : 400;
  }
}

/** The gateway application broke the protocol. */
export class GatewayApplicationError extends FetchAdapterError {
  override readonly name = 'GatewayApplicationError';
  readonly code: GatewayErrorCode;

  constructor(code: GatewayErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

/** What was passed to this package makes no sense: the calling program is at fault. */
export class FetchOptionError extends FetchAdapterError {
  override readonly name = 'FetchOptionError';
  readonly code = 'BAD_OPTION';
}

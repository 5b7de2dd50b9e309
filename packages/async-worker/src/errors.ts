/** What an application can do wrong. */
export type ApplicationErrorCode =
  | 'NO_START_RESPONSE'
  | 'START_RESPONSE_TWICE'
  | 'RESPONSE_OVER'
  | 'BAD_STATUS'
  | 'BAD_HEADERS'
  | 'SERVER_FIELD'
  | 'BAD_CONTENT_LENGTH'
  | 'BODY_TOO_LONG'
  | 'BODY_TOO_SHORT'
  | 'BAD_BODY'
  | 'BAD_CHUNK'
  | 'BAD_READ_SIZE'
  | 'CONCURRENT_READ'
  | 'UPGRADE_TOO_LATE';

/** Why the rest of a request, or of its response, is lost: the client's doing, or a deadline's. */
export type RequestErrorCode =
  | 'CLIENT_GONE'
  | 'REQUEST_MALFORMED'
  | 'BODY_TOO_SLOW'
  | 'REQUEST_TIMEOUT'
  | 'SERVER_STOPPING';

/** What all errors of this package have in common. */
export class AsyncWorkerError<Code extends string = string> extends Error {
  /** Stable: safe to compare with. */
  readonly code: Code;

  constructor(code: Code, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
  }
}

/** The application breaks the protocol of the gateway; the message names the mend. The client gets 500. */
export class ApplicationError extends AsyncWorkerError<ApplicationErrorCode> {}

/** The request is lost. Pending reads of its body are rejected with this; it is the reason of its signal. */
export class RequestError extends AsyncWorkerError<RequestErrorCode> {}

/** A peer that may not speak the protocol that is spoken here. It gets 403. */
export class PeerError extends AsyncWorkerError<'PEER_NOT_ALLOWED'> {
  constructor(message: string) {
    super('PEER_NOT_ALLOWED', message);
  }
}

/** An option that makes no sense: the calling program is at fault. */
export class WorkerOptionError extends AsyncWorkerError<'BAD_OPTION'> {
  constructor(message: string, options?: ErrorOptions) {
    super('BAD_OPTION', message, options);
  }
}

/** Why a request is not answered by its program. */
export type CgiErrorCode =
  | 'BAD_OPTION'
  | 'BAD_VARIABLE'
  | 'LENGTH_REQUIRED'
  | 'BUSY'
  | 'CLIENT_GONE'
  | 'START_FAILED'
  | 'REDIRECT_LOOP'
  | OutputErrorCode
  | 'TIMEOUT'
  | 'DIED';

/** What can be wrong with the output of a program. */
export type OutputErrorCode =
  | 'NO_HEADER'
  | 'HEADER_TOO_LARGE'
  | 'BAD_FIELD'
  | 'BAD_STATUS'
  | 'BAD_LOCATION'
  | 'NO_CGI_FIELD'
  | 'REPEATED_CGI_FIELD';

/** The base of all errors of this package. */
export abstract class CgiError extends Error {
  abstract readonly code: CgiErrorCode;
}

/** An option that makes no sense: the calling program is at fault. */
export class CgiOptionError extends CgiError {
  override readonly name = 'CgiOptionError';
  readonly code = 'BAD_OPTION';
}

const REQUEST_STATUS = {
  BAD_VARIABLE: '400 Bad Request',
  LENGTH_REQUIRED: '411 Length Required',
  BUSY: '503 Service Unavailable',
  // nginx's code for a client that has left; nobody gets it, but it stands in the log.
  CLIENT_GONE: '499 Client Closed Request',
} as const;

/** A request for which no program is run, or not to its end: the client, or the load, is at fault. */
export class CgiRequestError extends CgiError {
  override readonly name = 'CgiRequestError';
  readonly code: keyof typeof REQUEST_STATUS;
  /** The status to answer, as start_response takes it. */
  readonly status: string;

  constructor(code: keyof typeof REQUEST_STATUS, message: string) {
    super(message);
    this.code = code;
    this.status = REQUEST_STATUS[code];
  }
}

/** The program is at fault: it did not start, did not end, or wrote what is no CGI response. */
export class CgiProgramError extends CgiError {
  override readonly name = 'CgiProgramError';
  readonly code: 'START_FAILED' | 'REDIRECT_LOOP' | 'TIMEOUT' | 'DIED' | OutputErrorCode;
  /** The status to answer, as start_response takes it. */
  readonly status: string;

  constructor(code: CgiProgramError['code'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.status = programStatus(code);
  }
}

function programStatus(code: CgiProgramError['code']): string {
  if (code === 'TIMEOUT') return '504 Gateway Timeout';
  if (code === 'START_FAILED' || code === 'REDIRECT_LOOP') return '500 Internal Server Error';
  return '502 Bad Gateway';
}

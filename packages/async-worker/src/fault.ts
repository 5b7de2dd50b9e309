import { RemoteProtocolError as UwsgiError } from '@highball/cgi-protocols';
import { EnvironError } from '@highball/environ';
import { RemoteProtocolError } from '@highball/http-parser';
import { PeerError, RequestError } from './errors.ts';

/** What a request that cannot be served is answered with, and what its application is told. */
export interface Fault {
  readonly status: number;
  readonly reason: RequestError;
  /** How loud the log is: `error` is our fault, `warn` that of who set things up, `debug` the client's. */
  readonly level: 'error' | 'warn' | 'debug';
}

/** What ends a message too early: nobody is there who would be told. */
const ENDED: ReadonlySet<string> = new Set(['INCOMPLETE_BODY', 'INCOMPLETE_HEAD', 'INCOMPLETE']);

/** Faults of uwsgi that have a status of their own; the others are 400. */
const UWSGI_STATUS: Readonly<Record<string, number>> = {
  BODY_TOO_LARGE: 413,
  VARIABLES_TOO_LARGE: 431,
  TOO_MANY_VARIABLES: 431,
  TOO_MANY_FIELDS: 431,
  HEAD_TOO_LARGE: 431,
};

/** Makes a fault of whatever parsing a request, or making its environ, has thrown. */
export function faultOf(cause: unknown): Fault {
  if (cause instanceof RemoteProtocolError || cause instanceof EnvironError) {
    return { status: cause.status, reason: lost(cause), level: 'debug' };
  }
  if (cause instanceof UwsgiError) {
    // Another protocol, or another port, than the web server was set up for.
    const level = cause.code === 'NOT_SERVED' ? 'warn' : 'debug';
    return { status: UWSGI_STATUS[cause.code] ?? 400, reason: lost(cause), level };
  }
  if (cause instanceof PeerError) return { status: 403, reason: lost(cause), level: 'warn' };
  const reason = new RequestError('REQUEST_MALFORMED', 'the request could not be read', { cause });
  return { status: 500, reason, level: 'error' };
}

function lost(cause: Error & { code: string }): RequestError {
  const code = ENDED.has(cause.code) ? 'CLIENT_GONE' : 'REQUEST_MALFORMED';
  return new RequestError(code, cause.message, { cause });
}

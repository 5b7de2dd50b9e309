import { EnvironError } from '@highball/environ';
import { RemoteProtocolError } from '@highball/http-parser';
import { RequestError } from './errors.ts';

/** What a request that cannot be served is answered with, and what its application is told. */
export interface Fault {
  readonly status: number;
  readonly reason: RequestError;
  /** Whether it is ours and not the client's. */
  readonly internal: boolean;
}

/** Makes a fault of whatever parsing a request, or making its environ, has thrown. */
export function faultOf(cause: unknown): Fault {
  if (cause instanceof RemoteProtocolError || cause instanceof EnvironError) {
    const ended = cause.code === 'INCOMPLETE_BODY' || cause.code === 'INCOMPLETE_HEAD';
    const reason = new RequestError(ended ? 'CLIENT_GONE' : 'REQUEST_MALFORMED', cause.message, { cause });
    return { status: cause.status, reason, internal: false };
  }
  const reason = new RequestError('REQUEST_MALFORMED', 'the request could not be read', { cause });
  return { status: 500, reason, internal: true };
}

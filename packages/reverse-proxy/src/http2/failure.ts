import { ERROR_CODES } from './error-codes.ts';
import { UpstreamError } from '../errors.ts';

/** How a stream has ended before its time. */
export interface StreamEnd {
  /** Undefined of one that was never sent. */
  readonly id: number | undefined;
  readonly code: number;
  /** Whether the connection has ended, and not this stream alone. */
  readonly connectionLost: boolean;
  /** The last stream that the upstream has done anything with, when it has said so by GOAWAY. */
  readonly lastId: number;
  readonly error: Error | undefined;
}

/** Codes of a peer that does not keep to the protocol, whichever side has noticed (RFC 9113 §7). */
const BREACHES: ReadonlySet<number> = new Set([
  ERROR_CODES.PROTOCOL_ERROR,
  ERROR_CODES.FLOW_CONTROL_ERROR,
  ERROR_CODES.STREAM_CLOSED,
  ERROR_CODES.FRAME_SIZE_ERROR,
  ERROR_CODES.COMPRESSION_ERROR,
  // What this side says to a head that is too large, too.
  ERROR_CODES.ENHANCE_YOUR_CALM,
  ERROR_CODES.INADEQUATE_SECURITY,
  ERROR_CODES.HTTP_1_1_REQUIRED,
]);

/** What became of a request whose stream has ended before its answer has. */
export function streamFailure({ id, code, connectionLost, lastId, error }: StreamEnd): UpstreamError {
  const isRefused = code === ERROR_CODES.REFUSED_STREAM || id === undefined || id > lastId;
  if (isRefused)
    return new UpstreamError('REFUSED', 'the upstream has not taken the request', { cause: error });
  const name = nameOf(code);
  if (connectionLost) return connectionFailure(error);
  if (BREACHES.has(code)) {
    return new UpstreamError('BAD_RESPONSE', `the upstream does not speak its protocol: ${name}`, {
      cause: error,
    });
  }
  return new UpstreamError('RESET', `the upstream reset the stream: ${name}`, { cause: error });
}

/** What became of all requests of a connection that has ended. */
export function connectionFailure(error: Error | undefined): UpstreamError {
  if (error instanceof UpstreamError) return new UpstreamError(error.code, error.message, { cause: error });
  const { code, message } = (error ?? {}) as { code?: unknown; message?: string };
  // nghttp2's own: what came could not be read.
  if (code === 'ERR_HTTP2_ERROR') {
    return new UpstreamError('BAD_RESPONSE', `the upstream does not speak its protocol: ${message}`, {
      cause: error,
    });
  }
  return new UpstreamError(
    'RESET',
    `the connection was closed${message === undefined ? '' : `: ${message}`}`,
    {
      cause: error,
    },
  );
}

function nameOf(code: number): string {
  return Object.entries(ERROR_CODES).find(([, value]) => value === code)?.[0] ?? String(code);
}

import { PeerError, WebSocketUsageError } from './errors.ts';

/** How a WebSocket came to its end. */
export interface Closure {
  /**
   * What the peer's close frame says; 1005 when it says nothing, 1006 when there was none (RFC 6455 §7.4.1). When
   * the peer broke the protocol: what it was told.
   */
  readonly code: number;
  readonly reason: string;
  /** The peer's fault, if it was one. */
  readonly error?: PeerError;
}

/** Close codes (RFC 6455 §7.4.1). */
export const NORMAL = 1000;
export const GOING_AWAY = 1001;
export const ABNORMAL = 1006;
export const INTERNAL_ERROR = 1011;
const PROTOCOL_ERROR = 1002;

/** What ws tells the peer when it breaks the protocol; all that is not here is 1002. */
const CODES: Readonly<Record<string, number>> = {
  WS_ERR_INVALID_UTF8: 1007,
  WS_ERR_TOO_MANY_BUFFERED_PARTS: 1008,
  WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH: 1009,
  WS_ERR_UNSUPPORTED_MESSAGE_LENGTH: 1009,
  // zlib's, for a message that cannot be inflated.
  Z_DATA_ERROR: 1007,
};
/** RFC 6455 §5.5: 125 bytes, of which the code takes two. */
const MAX_REASON_BYTES = 123;

/** The end of a WebSocket for an error that ws has found. */
export function closureOf(cause: Error & { code?: string }): Closure {
  const { code = '', message } = cause;
  if (!/^(WS_ERR_|Z_)/.test(code)) {
    return {
      code: ABNORMAL,
      reason: '',
      error: new PeerError('LOST', `the connection failed: ${message}`, { cause }),
    };
  }
  const error = new PeerError('PROTOCOL_ERROR', `the peer broke the protocol: ${message}`, { cause });
  return { code: CODES[code] ?? PROTOCOL_ERROR, reason: '', error };
}

/**
 * RFC 6455 §7.4: 1004, 1005, 1006 and 1015 are never sent, nor are those that nobody has registered.
 * @throws WebSocketUsageError BAD_CLOSE
 */
export function checkClose(code: number, reason: string): void {
  const isOwn = code >= 3000 && code <= 4999;
  const isKnown = code >= 1000 && code <= 1014 && !(code >= 1004 && code <= 1006);
  if (!Number.isInteger(code) || (!isOwn && !isKnown)) {
    throw new WebSocketUsageError('BAD_CLOSE', `${code} is no close code that may be sent`);
  }
  if (Buffer.byteLength(reason) > MAX_REASON_BYTES) {
    throw new WebSocketUsageError('BAD_CLOSE', `a reason has at most ${MAX_REASON_BYTES} bytes`);
  }
}

/** Why a handshake is refused. */
export type HandshakeErrorCode =
  /** The method is not GET (RFC 6455 §4.1): 405. */
  | 'BAD_METHOD'
  /** The request asks for no WebSocket: 426. */
  | 'UPGRADE_REQUIRED'
  /** The client speaks another version than 13: 426. */
  | 'BAD_VERSION'
  /** Sec-WebSocket-Key is missing, or not 16 bytes in base64: 400. */
  | 'BAD_KEY'
  /** Sec-WebSocket-Protocol is no list of distinct tokens: 400. */
  | 'BAD_PROTOCOLS'
  /** Sec-WebSocket-Extensions cannot be read: 400. */
  | 'BAD_EXTENSIONS'
  /** The page that opens the WebSocket is of another site: 403. */
  | 'FOREIGN_ORIGIN'
  /** The server cannot give the connection away: 501. */
  | 'NO_UPGRADE';

/** What the caller of this package can do wrong. */
export type WebSocketUsageErrorCode =
  | 'BAD_OPTION'
  /** The subprotocol is none of those that the client offers. */
  | 'BAD_SUBPROTOCOL'
  /** A field of the handshake that cannot be sent, or that is not the application's. */
  | 'BAD_HEADER'
  /** A close code that must not be sent (RFC 6455 §7.4), or a reason of more than 123 bytes. */
  | 'BAD_CLOSE'
  /** A message that is neither string nor Uint8Array. */
  | 'BAD_MESSAGE'
  /** Two calls of `receive` at a time. */
  | 'CONCURRENT_RECEIVE';

/** Why a message cannot be sent. */
export type WebSocketSendErrorCode =
  /** The WebSocket is closed, or closing. */
  | 'CLOSED'
  /** The peer does not take what it was sent: the connection has been cut. */
  | 'QUEUE_FULL';

/** Why a connection was cut, or closed with an error of the peer's. */
export type PeerErrorCode =
  /** The peer breaks RFC 6455; `cause` tells how. */
  | 'PROTOCOL_ERROR'
  /** The peer is gone without a close frame. */
  | 'LOST'
  /** No answer came to a ping. */
  | 'PONG_TIMEOUT'
  /** The peer takes nothing of what it is sent. */
  | 'WRITE_TIMEOUT'
  /** More messages than may wait came at once. */
  | 'FLOODED';

/** What all errors of this package have in common. */
export class WebSocketError<Code extends string = string> extends Error {
  /** Stable: safe to compare with. */
  readonly code: Code;

  constructor(code: Code, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
  }
}

/** The request opens no WebSocket: the client's doing. It tells how to answer. */
export class HandshakeError extends WebSocketError<HandshakeErrorCode> {
  /** As start_response takes it. */
  readonly status: string;
  /** Fields that the answer must have beside those of its body. */
  readonly headers: readonly [name: string, value: string][];

  constructor(
    code: HandshakeErrorCode,
    status: string,
    message: string,
    headers: readonly [name: string, value: string][] = [],
  ) {
    super(code, message);
    this.status = status;
    this.headers = headers;
  }
}

/** The calling program is at fault. */
export class WebSocketUsageError extends WebSocketError<WebSocketUsageErrorCode> {}

/** A message goes nowhere: the peer is gone or too slow. Nothing that needs to be logged as a fault of one's own. */
export class WebSocketSendError extends WebSocketError<WebSocketSendErrorCode> {}

/** The peer's fault, as {@link Closure} tells of it. */
export class PeerError extends WebSocketError<PeerErrorCode> {}

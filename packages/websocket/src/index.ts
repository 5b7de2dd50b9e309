export { createWebSocketAcceptor } from './acceptor.ts';
export type { AcceptChoice, WebSocketAcceptor } from './acceptor.ts';
export { refuseHandshake, webSocket } from './application.ts';
export type { WebSocketHandler } from './application.ts';
export type { Clock } from './clock.ts';
export type { Closure } from './closure.ts';
export type { WebSocketConnection } from './connection.ts';
export {
  HandshakeError,
  PeerError,
  WebSocketError,
  WebSocketSendError,
  WebSocketUsageError,
} from './errors.ts';
export type {
  HandshakeErrorCode,
  PeerErrorCode,
  WebSocketSendErrorCode,
  WebSocketUsageErrorCode,
} from './errors.ts';
export { isWebSocketRequest } from './handshake.ts';
export type { Handshake } from './handshake.ts';
export type { Message } from './inbox.ts';
export type { DeflateOptions, WebSocketOptions } from './options.ts';

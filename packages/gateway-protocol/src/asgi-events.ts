import type { HeaderField } from './application.ts';

/** Fields as events carry them; names in lower case, latin-1. */
type Fields = readonly HeaderField[];

/** A piece of the body of a request. */
export interface HttpRequestEvent {
  type: 'http.request';
  body: Uint8Array;
  /** Whether more is to come. */
  more_body: boolean;
}

/** The client is gone, or has its whole answer. */
export interface HttpDisconnectEvent {
  type: 'http.disconnect';
}

/** Begins a response; it leaves with the first piece of the body. */
export interface HttpResponseStartEvent {
  type: 'http.response.start';
  /** A number from 200 to 599. */
  status: number;
  /** @default none */
  headers?: Fields;
  /** Whether `http.response.trailers` will come behind the body. @default false */
  trailers?: boolean;
}

/** A piece of the body of a response. */
export interface HttpResponseBodyEvent {
  type: 'http.response.body';
  /** @default empty */
  body?: Uint8Array;
  /** Whether more is to come. @default false */
  more_body?: boolean;
}

/** Fields behind the body (extension `http.response.trailers`). */
export interface HttpResponseTrailersEvent {
  type: 'http.response.trailers';
  headers: Fields;
  /** Whether another event of this type is to come. @default false */
  more_trailers?: boolean;
}

/** 103 Early Hints ahead of the response (extension `http.response.early_hint`). */
export interface HttpEarlyHintEvent {
  type: 'http.response.early_hint';
  /** Values of Link fields. */
  links: readonly string[];
}

/** The client wants to open a WebSocket: always the first event. */
export interface WebSocketConnectEvent {
  type: 'websocket.connect';
}

/** Opens the WebSocket. */
export interface WebSocketAcceptEvent {
  type: 'websocket.accept';
  /** One of those that the client offered. */
  subprotocol?: string | null;
  /** More fields of the 101 response. */
  headers?: Fields;
}

/** A message, either of text or of bytes. */
type Message<Type extends string> =
  | { type: Type; text: string; bytes?: null }
  | { type: Type; bytes: Uint8Array; text?: null };

/** A message from the client. */
export type WebSocketReceiveEvent = Message<'websocket.receive'>;

/** A message to the client. */
export type WebSocketSendEvent = Message<'websocket.send'>;

/** Closes the WebSocket; before `websocket.accept` refuses it with 403. */
export interface WebSocketCloseEvent {
  type: 'websocket.close';
  /** @default 1000 */
  code?: number;
  reason?: string | null;
}

/** The WebSocket is closed: always the last event. */
export interface WebSocketDisconnectEvent {
  type: 'websocket.disconnect';
  /** As the client sent it; 1005 without one, 1006 when it left without a close frame (RFC 6455 §7.4.1). */
  code: number;
  reason?: string | null;
}

/** Refuses a WebSocket with a response of one's own (extension `websocket.http.response`). */
export interface WebSocketResponseStartEvent {
  type: 'websocket.http.response.start';
  status: number;
  headers?: Fields;
}

/** A piece of the body of such a response. */
export interface WebSocketResponseBodyEvent {
  type: 'websocket.http.response.body';
  body?: Uint8Array;
  more_body?: boolean;
}

/** The event loop begins its work: prepare what requests will need. */
export interface LifespanStartupEvent {
  type: 'lifespan.startup';
}

/** The event loop ends its work: no requests are left. */
export interface LifespanShutdownEvent {
  type: 'lifespan.shutdown';
}

/** What was asked for is done. */
export interface LifespanCompleteEvent {
  type: 'lifespan.startup.complete' | 'lifespan.shutdown.complete';
}

/** What was asked for went wrong; the server logs the message, and does not start. */
export interface LifespanFailedEvent {
  type: 'lifespan.startup.failed' | 'lifespan.shutdown.failed';
  message?: string;
}

/** What an application of an http scope receives. */
export type HttpReceivedEvent = HttpRequestEvent | HttpDisconnectEvent;

/** What an application of an http scope sends. */
export type HttpSentEvent =
  | HttpResponseStartEvent
  | HttpResponseBodyEvent
  | HttpResponseTrailersEvent
  | HttpEarlyHintEvent;

/** What an application of a websocket scope receives. */
export type WebSocketReceivedEvent = WebSocketConnectEvent | WebSocketReceiveEvent | WebSocketDisconnectEvent;

/** What an application of a websocket scope sends. */
export type WebSocketSentEvent =
  | WebSocketAcceptEvent
  | WebSocketSendEvent
  | WebSocketCloseEvent
  | WebSocketResponseStartEvent
  | WebSocketResponseBodyEvent;

/** What an application of a lifespan scope receives. */
export type LifespanReceivedEvent = LifespanStartupEvent | LifespanShutdownEvent;

/** What an application of a lifespan scope sends. */
export type LifespanSentEvent = LifespanCompleteEvent | LifespanFailedEvent;

/** What `receive` resolves with. */
export type AsgiReceiveEvent = HttpReceivedEvent | WebSocketReceivedEvent | LifespanReceivedEvent;

/** What `send` takes. */
export type AsgiSendEvent = HttpSentEvent | WebSocketSentEvent | LifespanSentEvent;

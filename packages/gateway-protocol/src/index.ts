export { compose } from './application.ts';
export type {
  Application,
  BodyChunk,
  HeaderField,
  HeaderList,
  Middleware,
  ResponseBody,
  StartResponse,
  Write,
} from './application.ts';
export type {
  AsgiAddress,
  AsgiApplication,
  AsgiExtensions,
  AsgiReceive,
  AsgiScope,
  AsgiSend,
  AsgiState,
  AsgiVersions,
  HttpScope,
  LifespanScope,
  WebSocketScope,
} from './asgi.ts';
export type {
  AsgiReceiveEvent,
  AsgiSendEvent,
  HttpDisconnectEvent,
  HttpEarlyHintEvent,
  HttpReceivedEvent,
  HttpRequestEvent,
  HttpResponseBodyEvent,
  HttpResponseStartEvent,
  HttpResponseTrailersEvent,
  HttpSentEvent,
  LifespanCompleteEvent,
  LifespanFailedEvent,
  LifespanReceivedEvent,
  LifespanSentEvent,
  LifespanShutdownEvent,
  LifespanStartupEvent,
  WebSocketAcceptEvent,
  WebSocketCloseEvent,
  WebSocketConnectEvent,
  WebSocketDisconnectEvent,
  WebSocketReceiveEvent,
  WebSocketReceivedEvent,
  WebSocketResponseBodyEvent,
  WebSocketResponseStartEvent,
  WebSocketSendEvent,
  WebSocketSentEvent,
} from './asgi-events.ts';
export { closeBody, isAsyncBody } from './body.ts';
export { CONNECTION_FIELDS, isApplicationField } from './connection-fields.ts';
export { decodePath } from './environ.ts';
export { Deferred } from './deferred.ts';
export type { SettledListener } from './deferred.ts';
export type { Environ, ErrorStream, InputStream, UpgradedConnection } from './environ.ts';
export { environKey, requestField, responseField } from './fields.ts';
export { asgi, interfaceOf, markInterface } from './interface.ts';
export type { InterfaceName } from './interface.ts';
export { consoleLog } from './log.ts';
export type { Log } from './log.ts';
export { emptyInput, InputReader } from './input-reader.ts';
export type { InputMisuse } from './input-reader.ts';

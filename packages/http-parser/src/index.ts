export { Connection } from './connection.ts';
export { HttpParserError, LocalProtocolError, RemoteProtocolError } from './errors.ts';
export type { LocalErrorCode, RemoteErrorCode } from './errors.ts';
export { NEED_DATA, PAUSED } from './events.ts';
export type {
  ConnectionClosed,
  Data,
  EndOfMessage,
  Event,
  InformationalResponse,
  Request,
  Response,
} from './events.ts';
export { isHost, isToken } from './grammar.ts';
export type { ParserOptions } from './options.ts';
export { RequestChecker } from './request-checker.ts';
export type { RequestParts } from './request-checker.ts';
export { RequestParser } from './request-parser.ts';
export type { RequestHandler, RequestHead } from './request-parser.ts';
export { ResponseParser } from './response-parser.ts';
export type { ResponseHandler, ResponseHead } from './response-parser.ts';
export {
  serializeChunkHead,
  serializeFields,
  serializeLastChunk,
  serializeRequestHead,
  serializeResponseHead,
} from './serializer.ts';
export type { FieldPairs } from './serializer.ts';
export type { Role, State } from './state.ts';
export { checkTrailerNames } from './trailers.ts';

export { encodeCgiHead } from './encode-head.ts';
export type { StatusForm } from './encode-head.ts';
export { CgiProtocolError, LocalProtocolError, RemoteProtocolError } from './errors.ts';
export type { LocalErrorCode, RemoteErrorCode } from './errors.ts';
export {
  encodeAbort,
  encodeFastCgiRequest,
  endStdin,
  FastCgiResponseParser,
  frameStdin,
  PROTOCOL_STATUS,
  ROLE,
} from './fastcgi-client.ts';
export type { FastCgiEnd, FastCgiRequestOptions, FastCgiResponseHandler } from './fastcgi-client.ts';
export { encodeFastCgiEnd, FastCgiRequestParser, frameStderr, frameStdout } from './fastcgi-server.ts';
export type { FastCgiRequestHandler, FastCgiServerOptions } from './fastcgi-server.ts';
export type { RequestHandler } from './request-body.ts';
export { clientOf, requestHeadOf } from './request-head.ts';
export type { CgiClient, CgiRequestHead } from './request-head.ts';
export type { CgiHead, HeadOptions } from './response-head.ts';
export { CgiResponseParser } from './response-parser.ts';
export type { CgiResponseHandler, CgiResponseOptions } from './response-parser.ts';
export { encodeScgiRequest, ScgiRequestParser } from './scgi.ts';
export { encodeUwsgiRequest, UwsgiRequestParser } from './uwsgi.ts';
export type { UwsgiModifiers } from './uwsgi.ts';
export { variable } from './variables.ts';
export type { RequestLimits, Variables } from './variables.ts';

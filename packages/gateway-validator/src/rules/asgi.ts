/** What is owed in the event-shaped contract. */
export const asgiRules = {
  ASGI_CALL_ARGUMENTS: {
    side: 'server',
    requires: 'the application is called with scope, receive and send, the last two being functions',
    source: 'ASGI spec, Applications',
  },
  ASGI_NO_PROMISE: {
    side: 'application',
    requires: 'the application returns a promise',
    source: 'ASGI spec, Applications',
  },
  SCOPE_NOT_OBJECT: {
    side: 'server',
    requires: 'scope is an object',
    source: 'ASGI spec, Connection Scope',
  },
  SCOPE_TYPE: {
    side: 'server',
    requires: 'type of scope is http, websocket or lifespan',
    source: 'ASGI spec, Connection Scope',
  },
  SCOPE_VERSIONS: {
    side: 'server',
    requires: 'asgi of scope has version and spec_version, as 3.0',
    source: 'ASGI spec, Applications',
  },
  SCOPE_HTTP_VERSION: {
    side: 'server',
    requires: 'http_version is 1.0, 1.1, 2 or 3',
    source: 'ASGI HTTP spec',
  },
  SCOPE_METHOD: {
    side: 'server',
    requires: 'method is a token in upper case',
    source: 'ASGI HTTP spec',
  },
  SCOPE_SCHEME: {
    side: 'server',
    requires: 'scheme is http or https, for a WebSocket ws or wss',
    source: 'ASGI HTTP spec; ASGI WebSocket spec',
  },
  SCOPE_PATH: {
    side: 'server',
    requires: 'path is text: empty, or begins with a slash',
    source: 'ASGI HTTP spec',
  },
  SCOPE_BYTES: {
    side: 'server',
    requires: 'raw_path and query_string are strings of one byte a character',
    source: '@highball/gateway-protocol, AsgiApplication',
  },
  SCOPE_ROOT_PATH: {
    side: 'server',
    requires: 'root_path is a prefix of path, without a slash at its end',
    source: 'ASGI HTTP spec',
  },
  SCOPE_HEADERS: {
    side: 'server',
    requires: 'headers are an array of pairs, names in lower case, latin-1',
    source: 'ASGI HTTP spec',
  },
  SCOPE_ADDRESS: {
    side: 'server',
    requires: 'client and server are null, or an array of host and port',
    source: 'ASGI HTTP spec',
  },
  SCOPE_SUBPROTOCOLS: {
    side: 'server',
    requires: 'subprotocols of a WebSocket are an array of strings',
    source: 'ASGI WebSocket spec',
  },
  SCOPE_STATE: {
    side: 'server',
    requires: 'state and extensions, where they are present, are objects',
    source: 'ASGI spec, Extensions; ASGI Lifespan spec, Lifespan State',
  },
  RECEIVE_OVERLAP: {
    side: 'application',
    requires: 'one receive has ended before the next begins',
    source: '@highball/gateway-protocol, AsgiReceive',
  },
  RECEIVE_AFTER_RETURN: {
    side: 'application',
    requires: 'receive and send are not called once the application has returned',
    source: 'ASGI spec, Applications',
  },
  RECEIVED_TYPE: {
    side: 'server',
    requires: 'an event that is received is an object of a type that belongs to its scope',
    source: 'ASGI spec, Events',
  },
  RECEIVED_FIELD: {
    side: 'server',
    requires: 'the fields of an event that is received have their types',
    source: 'ASGI spec, Events',
  },
  RECEIVED_ORDER: {
    side: 'server',
    requires: 'connect comes first, the body ends once, a disconnect is the last',
    source: 'ASGI HTTP spec; ASGI WebSocket spec',
  },
  SEND_TYPE: {
    side: 'application',
    requires: 'an event that is sent is an object of a type that belongs to its scope',
    source: 'ASGI spec, Events',
  },
  SEND_FIELD: {
    side: 'application',
    requires: 'the fields of an event that is sent have their types',
    source: 'ASGI spec, Events',
  },
  SEND_NO_PROMISE: {
    side: 'server',
    requires: 'receive and send return promises',
    source: 'ASGI spec, Applications',
  },
  SEND_STATUS: {
    side: 'application',
    requires: 'the status of a response is a whole number from 200 to 599',
    source: 'ASGI HTTP spec; RFC 9110 §15',
  },
  SEND_HEADERS: {
    side: 'application',
    requires: 'headers of an event are pairs of strings, names in lower case and tokens, no CR, LF or NUL',
    source: 'ASGI HTTP spec; RFC 9110 §5.5',
  },
  SEND_HOP_BY_HOP: {
    side: 'application',
    requires: 'hop-by-hop headers are left to the server',
    source: 'ASGI HTTP spec; RFC 9110 §7.6.1',
  },
  HTTP_START_TWICE: {
    side: 'application',
    requires: 'a response is started once',
    source: 'ASGI HTTP spec',
  },
  HTTP_BODY_BEFORE_START: {
    side: 'application',
    requires: 'a response is started before its body is sent',
    source: 'ASGI HTTP spec',
  },
  HTTP_AFTER_END: {
    side: 'application',
    requires: 'nothing is sent after a body event without more_body',
    source: 'ASGI HTTP spec',
  },
  HTTP_INCOMPLETE: {
    side: 'application',
    requires: 'the response is complete when the application returns',
    source: 'ASGI HTTP spec',
  },
  HTTP_BODY_UNWANTED: {
    side: 'application',
    requires: 'a 204 or 304 has no body',
    source: 'RFC 9110 §15.3.5, §15.4.5',
  },
  HTTP_CONTENT_LENGTH: {
    side: 'application',
    requires: 'the body has as many bytes as content-length says, except for HEAD and 304',
    source: 'RFC 9110 §8.6',
  },
  HTTP_TRAILERS_UNANNOUNCED: {
    side: 'application',
    requires: 'trailers were announced by trailers: true of the start, and come behind the body',
    source: 'ASGI spec, Extensions, HTTP Trailers',
  },
  EXTENSION_MISSING: {
    side: 'application',
    requires: 'an event of an extension is sent only to a server that names it in extensions',
    source: 'ASGI spec, Extensions',
  },
  HTTP_HINT_LATE: {
    side: 'application',
    requires: 'early hints come before the start of the response',
    source: 'ASGI spec, Extensions, HTTP Early Hints',
  },
  WEBSOCKET_ACCEPT_EARLY: {
    side: 'application',
    requires: 'websocket.connect is received before the WebSocket is accepted or refused',
    source: 'ASGI WebSocket spec',
  },
  WEBSOCKET_ACCEPT_TWICE: {
    side: 'application',
    requires: 'a WebSocket is accepted once',
    source: 'ASGI WebSocket spec',
  },
  WEBSOCKET_NOT_ACCEPTED: {
    side: 'application',
    requires: 'a WebSocket is accepted before a message is sent',
    source: 'ASGI WebSocket spec',
  },
  WEBSOCKET_SUBPROTOCOL: {
    side: 'application',
    requires: 'the subprotocol is one of those that the client offered',
    source: 'ASGI WebSocket spec; RFC 6455 §4.2.2',
  },
  WEBSOCKET_MESSAGE: {
    side: 'application',
    requires: 'a message has either text or bytes',
    source: 'ASGI WebSocket spec',
  },
  WEBSOCKET_CLOSE_CODE: {
    side: 'application',
    requires:
      'the code of a close is 1000 to 1003, 1007 to 1014 or 3000 to 4999, its reason 123 bytes at most',
    source: 'RFC 6455 §5.5.1, §7.4',
  },
  WEBSOCKET_AFTER_CLOSE: {
    side: 'application',
    requires: 'nothing is sent after websocket.close, or once the WebSocket was refused',
    source: 'ASGI WebSocket spec',
  },
  WEBSOCKET_REFUSAL: {
    side: 'application',
    requires: 'a refusal with a response is started before its body, and not once accepted',
    source: 'ASGI WebSocket spec, WebSocket Denial Response',
  },
  LIFESPAN_ORDER: {
    side: 'application',
    requires: 'complete or failed answers the event received last, once',
    source: 'ASGI Lifespan spec',
  },
} as const;

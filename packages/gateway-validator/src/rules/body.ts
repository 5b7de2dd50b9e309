/** What is owed for the body of a response: by the application that gives it, by the server that takes it. */
export const bodyRules = {
  BODY_NOT_ITERABLE: {
    side: 'application',
    requires: 'the application returns an iterable',
    source: 'PEP 3333, The Application/Framework Side',
  },
  BODY_STRING: {
    side: 'application',
    requires: 'the body is not a string, which iterates by character',
    source: 'PEP 3333, Buffering and Streaming',
  },
  BODY_BYTES: {
    side: 'application',
    requires: 'the body is not a Uint8Array, which iterates by number',
    source: '@highball/gateway-protocol, ResponseBody',
  },
  BODY_ITERATOR: {
    side: 'application',
    requires:
      'iterating the body gives an iterator, whose next gives results (promises of them when asynchronous)',
    source: 'ECMA-262 §27.1',
  },
  BODY_CLOSE: {
    side: 'application',
    requires: 'close of a body, when it has one, is a function',
    source: 'PEP 3333, Specification Details',
  },
  CHUNK_TYPE: {
    side: 'application',
    requires: 'a piece of a body is a Uint8Array or a string',
    source: '@highball/gateway-protocol, BodyChunk',
  },
  CHUNK_TEXT: {
    side: 'application',
    requires: 'a piece of text can be sent as UTF-8: no half of a surrogate pair stands alone',
    source: '@highball/gateway-protocol, BodyChunk; Unicode §3.9',
  },
  BODY_UNWANTED: {
    side: 'application',
    requires: 'a 204 or 304 has no body',
    source: 'RFC 9110 §15.3.5, §15.4.5',
  },
  BODY_TOO_LONG: {
    side: 'application',
    requires: 'the body has no more bytes than Content-Length says',
    source: 'PEP 3333, Handling the Content-Length Header',
  },
  BODY_TOO_SHORT: {
    side: 'application',
    requires: 'the body has as many bytes as Content-Length says, except for HEAD and 304',
    source: 'PEP 3333, Handling the Content-Length Header; RFC 9110 §8.6',
  },
  WRITE_ARGUMENTS: {
    side: 'application',
    requires: 'write takes one piece',
    source: 'PEP 3333, The write() Callable',
  },
  WRITE_IN_BODY: {
    side: 'application',
    requires: 'write is not called once the body is iterated',
    source: 'PEP 3333, The write() Callable',
  },
  WRITE_AFTER_END: {
    side: 'application',
    requires: 'write is not called after the response has ended, nor after an upgrade',
    source: 'PEP 3333, The write() Callable',
  },
  BODY_ITERATED_TWICE: {
    side: 'server',
    requires: 'the server iterates the body once',
    source: 'PEP 3333, The Server/Gateway Side',
  },
  NEXT_CONCURRENT: {
    side: 'server',
    requires: 'the next piece is asked for when the one before has come',
    source: 'PEP 3333, Buffering and Streaming',
  },
  NEXT_AFTER_END: {
    side: 'server',
    requires: 'no piece is asked for after the end of the body, its failure or its return',
    source: 'PEP 3333, The Server/Gateway Side',
  },
  NEXT_AFTER_CLOSE: {
    side: 'server',
    requires: 'the body is not used once it was closed',
    source: 'PEP 3333, Specification Details',
  },
  CLOSE_TWICE: {
    side: 'server',
    requires: 'close of the body is called once',
    source: 'PEP 3333, Specification Details',
  },
  CLOSE_MISSING: {
    side: 'server',
    requires: 'close of the body is called, also when the client has left',
    source: 'PEP 3333, Specification Details',
  },
} as const;

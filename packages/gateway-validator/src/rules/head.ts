/** What is owed where a response begins. */
export const headRules = {
  START_ARGUMENTS: {
    side: 'application',
    requires: 'start_response takes a status, headers, and perhaps an error',
    source: 'PEP 3333, The start_response() Callable',
  },
  START_MISSING: {
    side: 'application',
    requires: 'start_response is called before the first piece of the body, and before its end',
    source: 'PEP 3333, The Application/Framework Side',
  },
  START_TWICE: {
    side: 'application',
    requires: 'start_response is called again only with an error',
    source: 'PEP 3333, The start_response() Callable',
  },
  START_AFTER_END: {
    side: 'application',
    requires: 'start_response is not called after the response has ended',
    source: 'PEP 3333, The start_response() Callable',
  },
  START_AFTER_UPGRADE: {
    side: 'application',
    requires: 'start_response is not called once the connection was taken over',
    source: '@highball/gateway-protocol, highball.upgrade',
  },
  START_ERROR_SWALLOWED: {
    side: 'server',
    requires: 'start_response throws the error it is given once the head is sent',
    source: 'PEP 3333, The start_response() Callable',
  },
  START_RESULT: {
    side: 'server',
    requires: 'start_response returns the write callable',
    source: 'PEP 3333, The start_response() Callable',
  },
  STATUS_TYPE: {
    side: 'application',
    requires: 'the status is a string',
    source: 'PEP 3333, The start_response() Callable',
  },
  STATUS_CHARACTERS: {
    side: 'application',
    requires: 'the status has no control character, and nothing beyond latin-1',
    source: 'PEP 3333, The start_response() Callable',
  },
  STATUS_FORM: {
    side: 'application',
    requires: 'the status is three digits, a space and a reason, without space around it',
    source: 'PEP 3333, The start_response() Callable; RFC 9112 §4',
  },
  STATUS_INTERIM: {
    side: 'application',
    requires: 'the status is a final one, not 1xx',
    source: 'RFC 9110 §15.2',
  },
  STATUS_RANGE: {
    side: 'application',
    requires: 'the status is at most 599, and at least 100',
    source: 'RFC 9110 §15',
  },
  HEADERS_TYPE: {
    side: 'application',
    requires: 'the headers are an array',
    source: 'PEP 3333, The start_response() Callable',
  },
  HEADER_PAIR: {
    side: 'application',
    requires: 'a header is an array of two strings, name and value',
    source: 'PEP 3333, The start_response() Callable',
  },
  HEADER_NAME: {
    side: 'application',
    requires: 'the name of a header is a token',
    source: 'RFC 9110 §5.1',
  },
  HEADER_VALUE_CONTROL: {
    side: 'application',
    requires: 'the value of a header has no CR, LF, NUL or other control character',
    source: 'PEP 3333, The start_response() Callable; RFC 9110 §5.5',
  },
  HEADER_VALUE_LATIN1: {
    side: 'application',
    requires: 'the value of a header has nothing beyond latin-1',
    source: 'PEP 3333, Unicode Issues',
  },
  HEADER_VALUE_SPACE: {
    side: 'application',
    requires: 'the value of a header has no white space around it',
    source: 'RFC 9110 §5.5',
  },
  HEADER_STATUS: {
    side: 'application',
    requires: 'there is no Status header: the status is an argument',
    source: 'PEP 3333, The start_response() Callable',
  },
  HEADER_HOP_BY_HOP: {
    side: 'application',
    requires: 'hop-by-hop headers are left to the server, but for Connection: close',
    source: 'PEP 3333, Other HTTP Features; RFC 9110 §7.6.1',
  },
  CONTENT_TYPE_MISSING: {
    side: 'application',
    level: 'should',
    requires: 'a response with a body has a Content-Type',
    source: 'RFC 9110 §8.3',
  },
  CONTENT_TYPE_REPEATED: {
    side: 'application',
    requires: 'there is one Content-Type',
    source: 'RFC 9110 §8.3',
  },
  CONTENT_TYPE_UNWANTED: {
    side: 'application',
    level: 'should',
    requires: 'a 204 or 304 has no Content-Type',
    source: 'RFC 9110 §15.3.5, §15.4.5',
  },
  CONTENT_LENGTH_REPEATED: {
    side: 'application',
    requires: 'there is one Content-Length',
    source: 'RFC 9110 §8.6',
  },
  CONTENT_LENGTH_FORM: {
    side: 'application',
    requires: 'Content-Length is digits',
    source: 'RFC 9110 §8.6',
  },
  CONTENT_LENGTH_UNWANTED: {
    side: 'application',
    requires: 'a 204 has no Content-Length',
    source: 'RFC 9110 §8.6',
  },
} as const;

/** What a server owes in `environ` and in the call. */
export const environRules = {
  CALL_ARGUMENTS: {
    side: 'server',
    requires: 'the application is called with two arguments, environ and start_response',
    source: 'PEP 3333, The Application/Framework Side',
  },
  START_NOT_FUNCTION: {
    side: 'server',
    requires: 'start_response is a function',
    source: 'PEP 3333, The start_response() Callable',
  },
  ENVIRON_NOT_PLAIN: {
    side: 'server',
    requires: 'environ is a plain object that the application may change',
    source: 'PEP 3333, Specification Details',
  },
  ENVIRON_KEY_MISSING: {
    side: 'server',
    requires: 'every key that must be present is present',
    source: 'PEP 3333, environ Variables',
  },
  ENVIRON_NOT_STRING: {
    side: 'server',
    requires: 'CGI variables and HTTP_ keys are strings',
    source: 'PEP 3333, environ Variables',
  },
  ENVIRON_NOT_LATIN1: {
    side: 'server',
    requires: 'strings hold one byte a character (latin-1)',
    source: 'PEP 3333, Unicode Issues',
  },
  ENVIRON_METHOD: {
    side: 'server',
    requires: 'REQUEST_METHOD is a token',
    source: 'RFC 9110 §9.1',
  },
  ENVIRON_SCRIPT_NAME: {
    side: 'server',
    requires: 'SCRIPT_NAME is empty, or begins with a slash and does not end with one',
    source: 'PEP 3333, environ Variables; RFC 3875 §4.1.13',
  },
  ENVIRON_PATH_INFO: {
    side: 'server',
    requires: 'PATH_INFO is empty or begins with a slash',
    source: 'RFC 3875 §4.1.5',
  },
  ENVIRON_NO_PATH: {
    side: 'server',
    requires: 'SCRIPT_NAME and PATH_INFO are not both empty, but for CONNECT and the target *',
    source: 'PEP 3333, environ Variables; RFC 9112 §3.2',
  },
  ENVIRON_QUERY_STRING: {
    side: 'server',
    requires: 'QUERY_STRING is as it was sent: no space, no control character',
    source: 'RFC 3875 §4.1.7; RFC 3986 §3.4',
  },
  ENVIRON_CONTENT_LENGTH: {
    side: 'server',
    requires: 'CONTENT_LENGTH is missing, empty or digits',
    source: 'RFC 3875 §4.1.2',
  },
  ENVIRON_HTTP_CONTENT: {
    side: 'server',
    requires: 'there is neither HTTP_CONTENT_TYPE nor HTTP_CONTENT_LENGTH',
    source: 'PEP 3333, environ Variables; RFC 3875 §4.1.18',
  },
  ENVIRON_FIELD_KEY: {
    side: 'server',
    requires: 'the key of a field is in upper case, with _ for -',
    source: 'RFC 3875 §4.1.18',
  },
  ENVIRON_FIELD_VALUE: {
    side: 'server',
    requires: 'the value of a field has no CR, LF or NUL',
    source: 'RFC 9110 §5.5',
  },
  ENVIRON_SERVER_NAME: {
    side: 'server',
    requires: 'SERVER_NAME is not empty',
    source: 'PEP 3333, environ Variables; RFC 3875 §4.1.14',
  },
  ENVIRON_SERVER_PORT: {
    side: 'server',
    requires: 'SERVER_PORT is digits',
    source: 'RFC 3875 §4.1.15',
  },
  ENVIRON_SERVER_PROTOCOL: {
    side: 'server',
    requires: 'SERVER_PROTOCOL is as HTTP/1.1',
    source: 'RFC 3875 §4.1.16; RFC 9112 §2.3',
  },
  ENVIRON_REMOTE_PORT: {
    side: 'server',
    requires: 'REMOTE_PORT is missing, empty or digits',
    source: '@highball/gateway-protocol, Environ',
  },
  ENVIRON_RAW_URI: {
    side: 'server',
    requires: 'RAW_URI is the target as it was sent: not empty, no space, no control character',
    source: 'RFC 9112 §3.2',
  },
  ENVIRON_HTTPS: {
    side: 'server',
    requires: 'HTTPS is missing, or is on while wsgi.url_scheme is https',
    source: 'PEP 3333, environ Variables',
  },
  WSGI_VERSION: {
    side: 'server',
    requires: 'wsgi.version is [1, 0]',
    source: 'PEP 3333, environ Variables',
  },
  WSGI_URL_SCHEME: {
    side: 'server',
    requires: 'wsgi.url_scheme is http or https',
    source: 'PEP 3333, environ Variables',
  },
  WSGI_FLAG: {
    side: 'server',
    requires: 'wsgi.multithread, multiprocess, run_once and input_terminated are booleans',
    source: 'PEP 3333, environ Variables',
  },
  WSGI_INPUT: {
    side: 'server',
    requires: 'wsgi.input has read, readline, readlines and an async iterator',
    source: 'PEP 3333, Input and Error Streams',
  },
  WSGI_ERRORS: {
    side: 'server',
    requires: 'wsgi.errors has write, writelines and flush',
    source: 'PEP 3333, Input and Error Streams',
  },
  OPTIONAL_NOT_FUNCTION: {
    side: 'server',
    requires: 'an optional key that stands for a callable is a function',
    source: 'PEP 3333, Server Extension APIs',
  },
} as const;

/** What both sides owe when `wsgi.input` is read and `wsgi.errors` is written. */
export const streamRules = {
  READ_ARGUMENTS: {
    side: 'application',
    requires: 'read, readline and readlines take one argument at most',
    source: 'PEP 3333, Input and Error Streams',
  },
  READ_SIZE: {
    side: 'application',
    requires: 'the size of a read is a whole number of bytes',
    source: 'PEP 3333, Input and Error Streams',
  },
  READ_OVERLAP: {
    side: 'application',
    requires: 'one read of wsgi.input has ended before the next begins',
    source: '@highball/gateway-protocol, InputStream',
  },
  READ_AFTER_END: {
    side: 'application',
    requires: 'wsgi.input is not read after the response has ended',
    source: 'PEP 3333, Input and Error Streams',
  },
  READ_NO_PROMISE: {
    side: 'server',
    requires: 'reads of wsgi.input return promises',
    source: '@highball/gateway-protocol, InputStream',
  },
  READ_RESULT: {
    side: 'server',
    requires: 'a read gives a Uint8Array, readlines an array of them, iteration one at a time',
    source: '@highball/gateway-protocol, InputStream',
  },
  READ_TOO_LONG: {
    side: 'server',
    requires: 'read(size) and readline(size) give at most size bytes',
    source: 'PEP 3333, Input and Error Streams',
  },
  READ_LINE: {
    side: 'server',
    requires: 'a line ends with its LF, and has no other',
    source: 'PEP 3333, Input and Error Streams',
  },
  READ_ON: {
    side: 'server',
    requires: 'nothing comes from wsgi.input after its end; a read that fell short was the end',
    source: 'PEP 3333, Input and Error Streams',
  },
  ERRORS_WRITE: {
    side: 'application',
    requires: 'wsgi.errors.write takes one string',
    source: 'PEP 3333, Input and Error Streams',
  },
  ERRORS_WRITELINES: {
    side: 'application',
    requires: 'wsgi.errors.writelines takes an iterable of strings',
    source: 'PEP 3333, Input and Error Streams',
  },
} as const;

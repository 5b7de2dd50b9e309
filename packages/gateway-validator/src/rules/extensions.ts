/** What is owed with the optional callables of `environ`. */
export const extensionRules = {
  EARLY_HINTS_LATE: {
    side: 'application',
    requires: 'early hints come before the head of the response',
    source: 'RFC 8297 §2',
  },
  EARLY_HINTS_LENGTH: {
    side: 'application',
    requires: 'early hints have no Content-Length',
    source: 'RFC 9110 §8.6',
  },
  UPGRADE_TWICE: {
    side: 'application',
    requires: 'highball.upgrade is called once',
    source: '@highball/gateway-protocol, highball.upgrade',
  },
  UPGRADE_LATE: {
    side: 'application',
    requires: 'highball.upgrade is called before anything of a response is sent',
    source: '@highball/gateway-protocol, highball.upgrade; RFC 9110 §7.8',
  },
  UPGRADE_RESULT: {
    side: 'server',
    requires: 'highball.upgrade returns the socket, and the bytes already read as a Uint8Array',
    source: '@highball/gateway-protocol, UpgradedConnection',
  },
  TRAILERS_LATE: {
    side: 'application',
    requires: 'trailers are given before the body ends',
    source: '@highball/gateway-protocol, highball.send_trailers',
  },
  TRAILERS_FORBIDDEN: {
    side: 'application',
    requires: 'no field of framing, routing, authentication or content comes as a trailer',
    source: 'RFC 9110 §6.5.1',
  },
  TRAILERS_UNSENDABLE: {
    side: 'application',
    requires: 'a response with trailers has a body, and no Content-Length',
    source: 'RFC 9112 §6.2, §7.1.2',
  },
  TRAILERS_RESULT: {
    side: 'server',
    requires: 'highball.trailers returns an array of pairs',
    source: '@highball/gateway-protocol, highball.trailers',
  },
  SIGNAL_RESULT: {
    side: 'server',
    requires: 'highball.signal and highball.draining return an AbortSignal, the same each time',
    source: '@highball/gateway-protocol, highball.signal',
  },
} as const;

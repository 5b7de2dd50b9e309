/** What all errors of this package have in common. */
export class ForwardProxyError extends Error {
  /** Stable: safe to compare with. */
  readonly code: ConfigErrorCode | RefusalCode;

  constructor(code: ConfigErrorCode | RefusalCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
  }
}

/** The literal code of a mistake of the program that makes the proxy. */
export type ConfigErrorCode = 'BAD_RULE' | 'BAD_PASSWORD_HASH' | 'BAD_OPTION';

/** An option that makes no sense: the calling program is at fault. */
export class ForwardProxyConfigError extends ForwardProxyError {
  declare readonly code: ConfigErrorCode;
}

/**
 * Every reason for which a request is not forwarded, or not to its end: the status of the answer, and what
 * Proxy-Status calls it (RFC 9209 §2.3).
 */
const REFUSALS = {
  NOT_A_PROXY_REQUEST: ['400 Bad Request', 'http_request_error'],
  BAD_TARGET: ['400 Bad Request', 'http_request_error'],
  SCHEME_NOT_SUPPORTED: ['501 Not Implemented', 'http_request_error'],
  METHOD_NOT_ALLOWED: ['405 Method Not Allowed', 'http_request_denied'],
  AUTHENTICATION_REQUIRED: ['407 Proxy Authentication Required', 'http_request_denied'],
  NOT_ALLOWED: ['403 Forbidden', 'http_request_denied'],
  ADDRESS_PROHIBITED: ['403 Forbidden', 'destination_ip_prohibited'],
  TOO_MANY_OF_CLIENT: ['429 Too Many Requests', 'connection_limit_reached'],
  TOO_MANY: ['503 Service Unavailable', 'connection_limit_reached'],
  VERIFIER_BUSY: ['503 Service Unavailable', 'proxy_internal_error'],
  LOOP: ['502 Bad Gateway', 'proxy_loop_detected'],
  DNS_FAILED: ['502 Bad Gateway', 'dns_error'],
  DNS_TIMEOUT: ['504 Gateway Timeout', 'dns_timeout'],
  CONNECT_FAILED: ['502 Bad Gateway', 'connection_refused'],
  CONNECT_TIMEOUT: ['504 Gateway Timeout', 'connection_timeout'],
  RESET: ['502 Bad Gateway', 'http_response_incomplete'],
  BAD_RESPONSE: ['502 Bad Gateway', 'http_protocol_error'],
  IDLE_TIMEOUT: ['504 Gateway Timeout', 'http_response_timeout'],
  TOTAL_TIMEOUT: ['504 Gateway Timeout', 'http_response_timeout'],
  BYTES_EXCEEDED: ['413 Content Too Large', 'http_request_denied'],
  // nginx's code for the log; nobody is left to hear it.
  CLIENT_GONE: ['499 Client Closed Request', 'connection_terminated'],
} as const;

/** The literal code of a reason for which a request is not forwarded, or not to its end. */
export type RefusalCode = keyof typeof REFUSALS;

/** A request that is not forwarded, or not to its end: the client's fault, the origin's, or against the rules. */
export class Refusal extends ForwardProxyError {
  declare readonly code: RefusalCode;

  /** The status line's end, as in `'403 Forbidden'`. */
  get status(): string {
    return REFUSALS[this.code][0];
  }

  /** What RFC 9209 calls it. */
  get proxyError(): string {
    return REFUSALS[this.code][1];
  }
}

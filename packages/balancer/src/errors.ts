/** What all errors of this package have in common: a `code` that never changes. */
export class BalancerError extends Error {
  readonly code: string;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
  }
}

/** The caller's mistake: an option, a list or a file that makes no sense. */
export class BalancerConfigError extends BalancerError {
  declare readonly code: 'INVALID_OPTION' | 'INVALID_PEER' | 'DUPLICATE_PEER' | 'UNKNOWN_PEER';
}

/** No peer could be had for a request. Nobody's mistake: a proxy answers 503. */
export class NoPeerError extends BalancerError {
  declare readonly code: 'QUEUE_FULL' | 'QUEUE_TIMEOUT' | 'ABORTED' | 'CLOSED';

  /** What a proxy answers: 503, or nginx's 499 for a client that has left. */
  get status(): 499 | 503 {
    return this.code === 'ABORTED' ? 499 : 503;
  }
}

/** What discovery asked did not answer, or answered with nothing that can be used. */
export class DiscoveryError extends BalancerError {
  declare readonly code: 'RESOLVE_FAILED' | 'NO_RECORDS' | 'FILE_FAILED' | 'SOURCE_FAILED';
}

/**
 * Checks a number of the options.
 * @throws BalancerConfigError INVALID_OPTION
 */
export function within(
  name: string,
  value: number,
  least: number,
  most: number = Number.POSITIVE_INFINITY,
): number {
  if (value >= least && value <= most) return value;
  const range = most === Number.POSITIVE_INFINITY ? `${least} or more` : `between ${least} and ${most}`;
  throw new BalancerConfigError('INVALID_OPTION', `${name} must be ${range}, not ${value}`);
}

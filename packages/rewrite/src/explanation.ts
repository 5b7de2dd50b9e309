/** What one rule did with an address. */
export interface Step {
  /** The rule's name, or its place: `rules[2]`. */
  readonly rule: string;
  /** The address that it saw, below the mount point. */
  readonly address: string;
  /** Why it was not for the request: the condition that did not hold. */
  readonly failed?: string;
  /** What it did. */
  readonly action?: 'rewrite' | 'redirect' | 'refuse' | 'answer';
  /** Where it led. */
  readonly to?: string;
  readonly status?: number;
}

/** What became of a request, rule by rule: see `explain`. */
export interface Explanation {
  readonly steps: readonly Step[];
  /**
   * The application behind the rules is asked (`pass`), or that of a rule (`answer`); the client is sent elsewhere or
   * refused; or the rules loop.
   */
  readonly outcome: 'pass' | 'answer' | 'redirect' | 'refuse' | 'loop';
  /** The address in the end. */
  readonly address: string;
}

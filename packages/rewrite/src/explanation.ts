/** What one rule did with an address. */
export interface Step {
  /** The rule's name, or its place: `rule 3`. */
  readonly rule: string;
  /** The address that it saw, below the mount point. */
  readonly address: string;
  /** Why it was not for the request: the condition that did not hold. */
  readonly failed?: string;
  /** What it did. */
  readonly action?: 'rewrite' | 'redirect' | 'refuse';
  /** Where it led. */
  readonly to?: string;
  readonly status?: number;
}

/** What became of a request, rule by rule: see `explain`. */
export interface Explanation {
  readonly steps: readonly Step[];
  /** What the application is asked for, what the client is sent to, what it is refused with, or that it loops. */
  readonly outcome: 'pass' | 'redirect' | 'refuse' | 'loop';
  /** The address in the end. */
  readonly address: string;
}

/** When requests are refused at once, for all peers together. */
export interface CircuitOptions {
  /** The most requests under way; 0 for no bound. @default 0 (Envoy's max_requests is 1024) */
  readonly maxRequests?: number;
  /** The share of failures that opens the circuit; 0 never. @default 0.5 (resilience4j) */
  readonly failureShare?: number;
  /** Requests within the window without which nothing opens. @default 100 (resilience4j) */
  readonly minRequests?: number;
  /** @default 10_000 */
  readonly windowMs?: number;
  /** How long it stays open before it lets requests try. @default 60_000 (resilience4j) */
  readonly openMs?: number;
  /** Requests that try, all of which must succeed. @default 10 (resilience4j) */
  readonly trials?: number;
}

export type CircuitState = 'closed' | 'open' | 'half-open';

type Transition = 'too-many-failures' | 'time-over' | 'trial-failed' | 'trials-succeeded';

/** The whole machine; what is not in it does not happen. */
const TABLE: Readonly<Record<CircuitState, Partial<Record<Transition, CircuitState>>>> = {
  closed: { 'too-many-failures': 'open' },
  open: { 'time-over': 'half-open' },
  'half-open': { 'trial-failed': 'open', 'trials-succeeded': 'closed' },
};

/** A circuit breaker (Nygard, Release It!, 2007) with Envoy's bound on requests under way. */
export class Circuit {
  readonly #options: Required<CircuitOptions>;
  #state: CircuitState = 'closed';
  #since = Number.NEGATIVE_INFINITY;
  #active = 0;
  #requests = 0;
  #failures = 0;
  /** In the half-open state: requests let through, and those of them that succeeded. */
  #tried = 0;
  #succeeded = 0;

  constructor(options: CircuitOptions) {
    this.#options = {
      maxRequests: options.maxRequests ?? 0,
      failureShare: options.failureShare ?? 0.5,
      minRequests: options.minRequests ?? 100,
      windowMs: options.windowMs ?? 10_000,
      openMs: options.openMs ?? 60_000,
      trials: options.trials ?? 10,
    };
  }

  /** When an open circuit lets requests try; Infinity when it is not open. */
  get opensAt(): number {
    return this.#state === 'open' ? this.#since + this.#options.openMs : Number.POSITIVE_INFINITY;
  }

  state(now: number): CircuitState {
    if (now >= this.opensAt) this.#go('time-over', now);
    return this.#state;
  }

  /** Whether one more request may go out. */
  allows(now: number): boolean {
    const { maxRequests, trials } = this.#options;
    if (maxRequests > 0 && this.#active >= maxRequests) return false;
    const state = this.state(now);
    return state === 'closed' || (state === 'half-open' && this.#tried < trials);
  }

  begin(): void {
    this.#active++;
    if (this.#state === 'half-open') this.#tried++;
  }

  /** @param ok - undefined when the client left: that says nothing. */
  end(ok: boolean | undefined, now: number): void {
    this.#active = Math.max(0, this.#active - 1);
    if (this.#state === 'closed') this.#count(ok, now);
    else if (this.#state === 'half-open') this.#judgeTrial(ok, now);
  }

  #count(ok: boolean | undefined, now: number): void {
    const { failureShare, minRequests, windowMs } = this.#options;
    if (ok === undefined || failureShare === 0) return;
    if (now - this.#since > windowMs) this.#restart(now);
    this.#requests++;
    if (ok) return;
    this.#failures++;
    const enough = this.#requests >= minRequests;
    if (enough && this.#failures >= this.#requests * failureShare) this.#go('too-many-failures', now);
  }

  #judgeTrial(ok: boolean | undefined, now: number): void {
    if (ok === undefined) this.#tried = Math.max(0, this.#tried - 1);
    else if (!ok) this.#go('trial-failed', now);
    else if (++this.#succeeded >= this.#options.trials) this.#go('trials-succeeded', now);
  }

  #go(transition: Transition, now: number): void {
    const next = TABLE[this.#state][transition];
    if (next === undefined) throw new Error(`a circuit that is ${this.#state} knows no ${transition}`);
    this.#state = next;
    this.#restart(now);
  }

  #restart(now: number): void {
    this.#since = now;
    this.#requests = this.#failures = this.#tried = this.#succeeded = 0;
  }
}

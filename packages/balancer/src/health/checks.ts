import { BalancerConfigError, within } from '../errors.ts';
import { setUnrefTimer, type SetTimer } from '../timers.ts';
import { type Connect, connectByNet, probe, type ProbeKind } from './probe.ts';
import { httpTargetOf, type Target, targetOf } from './target.ts';

/** What is checked: a balancer, or anything with these two methods. */
export interface HealthTarget {
  peers(): readonly { readonly id: string; readonly down: boolean }[];
  setHealth(id: string, health: 'up' | 'down'): void;
}

/** A peer that has gone up or down. */
export interface HealthEvent {
  readonly id: string;
  readonly health: 'up' | 'down';
  /** What was wrong with the last check; undefined for `up`. */
  readonly problem: string | undefined;
}

export interface HealthCheckOptions {
  /** @default { kind: 'tcp' } */
  readonly check?: ProbeKind;
  /** From one check of a peer to its next. @default 2000 (HAProxy's inter) */
  readonly intervalMs?: number;
  /** So much of the interval, more or less, by lot: checks of many balancers do not beat in time. @default 0.1 */
  readonly jitter?: number;
  /** How long a check may take. @default 1000 */
  readonly timeoutMs?: number;
  /** Checks in a row that bring a peer up. @default 2 (HAProxy) */
  readonly rise?: number;
  /** Checks in a row that take it down. @default 3 (HAProxy) */
  readonly fall?: number;
  /**
   * Checks a peer that is new at once, and takes it down at the first failure: nothing is known of it that would speak
   * for it (HAProxy's rule). Otherwise first checks spread over an interval, and `fall` failures count. @default false
   */
  readonly atOnce?: boolean;
  /** How many checks run at the same time, at the most. @default 64 */
  readonly maxConcurrent?: number;
  /** Where a peer listens. @default its id, read as an address */
  readonly target?: (id: string) => Target;
  readonly onChange?: (event: HealthEvent) => void;
  /** For TLS, `(target) => tls.connect(target)`. @default node:net */
  readonly connect?: Connect;
  readonly setTimer?: SetTimer;
  /** Numbers from 0 up to, but without, 1. @default Math.random */
  readonly random?: () => number;
}

export interface HealthChecks {
  /** Resolves when each of the first peers has been checked once, or is checked no more. */
  readonly ready: Promise<void>;
  /** Looks which peers there are now: to be called after a change of the list; otherwise seen within an interval. */
  refresh(): void;
  /** Ends all checks. */
  close(): void;
}

type Settings = Required<HealthCheckOptions>;

/** What is known of a peer: its health, results in a row that contradict it, and how to stop its next check. */
interface Watched {
  down: boolean;
  contrary: number;
  cancel: () => void;
  abort: AbortController | undefined;
}

/**
 * Checks peers from the outside, each at its own times, and tells the balancer when one has gone down or come up.
 * @throws BalancerConfigError INVALID_OPTION, INVALID_PEER
 */
export function startHealthChecks(balancer: HealthTarget, options: HealthCheckOptions = {}): HealthChecks {
  return new Checks(balancer, resolve(options));
}

class Checks implements HealthChecks {
  readonly #balancer: HealthTarget;
  readonly #settings: Settings;
  readonly #watched = new Map<string, Watched>();
  readonly #queue: string[] = [];
  readonly #ready = Promise.withResolvers<void>();
  /** The first peers that have not been checked yet. */
  readonly #unchecked: Set<string>;
  #running = 0;
  #cancelRefresh: () => void = () => undefined;

  constructor(balancer: HealthTarget, settings: Settings) {
    this.#balancer = balancer;
    this.#settings = settings;
    const ids = balancer.peers().map(({ id }) => id);
    for (const id of ids) settings.target(id);
    this.#unchecked = new Set(ids);
    this.#noteChecked();
    this.refresh();
  }

  get ready(): Promise<void> {
    return this.#ready.promise;
  }

  refresh(): void {
    this.#cancelRefresh();
    const peers = this.#balancer.peers();
    const ids = new Set(peers.map(({ id }) => id));
    for (const [id, watched] of this.#watched) if (!ids.has(id)) this.#forget(id, watched);
    for (const { id, down } of peers) if (!this.#watched.has(id)) this.#watch(id, down);
    this.#cancelRefresh = this.#settings.setTimer(() => this.refresh(), this.#settings.intervalMs);
  }

  close(): void {
    this.#cancelRefresh();
    for (const [id, watched] of this.#watched) this.#forget(id, watched);
    this.#queue.length = 0;
  }

  #watch(id: string, down: boolean): void {
    const { atOnce, fall, random, intervalMs } = this.#settings;
    const contrary = atOnce && !down ? fall - 1 : 0;
    const watched: Watched = { down, contrary, cancel: () => undefined, abort: undefined };
    this.#watched.set(id, watched);
    this.#schedule(id, watched, atOnce ? 0 : random() * intervalMs);
  }

  #forget(id: string, watched: Watched): void {
    watched.cancel();
    watched.abort?.abort('the peer is not checked any more');
    this.#watched.delete(id);
    this.#noteChecked(id);
  }

  #noteChecked(id?: string): void {
    if (id !== undefined) this.#unchecked.delete(id);
    if (this.#unchecked.size === 0) this.#ready.resolve();
  }

  #schedule(id: string, watched: Watched, ms: number): void {
    watched.cancel = this.#settings.setTimer(() => {
      this.#queue.push(id);
      this.#runNext();
    }, ms);
  }

  #runNext(): void {
    while (this.#running < this.#settings.maxConcurrent) {
      const id = this.#queue.shift();
      if (id === undefined) return;
      const watched = this.#watched.get(id);
      if (watched !== undefined) void this.#check(id, watched);
    }
  }

  async #check(id: string, watched: Watched): Promise<void> {
    const { intervalMs, jitter, random } = this.#settings;
    this.#running++;
    const problem = await this.#probe(id, watched);
    this.#running--;
    if (this.#watched.get(id) === watched && this.#judge(id, watched, problem)) {
      this.#schedule(id, watched, intervalMs * (1 + jitter * (2 * random() - 1)));
    }
    this.#noteChecked(id);
    this.#runNext();
  }

  async #probe(id: string, watched: Watched): Promise<string | undefined> {
    const { check, connect, timeoutMs, setTimer, target } = this.#settings;
    const abort = new AbortController();
    const stop = setTimer(() => abort.abort(`it did not answer within ${timeoutMs} ms`), timeoutMs);
    watched.abort = abort;
    try {
      return await probe(target(id), check, connect, abort.signal);
    } catch (error) {
      // An id that came later and is no address, or a connect that threw: nobody gets through to such a peer.
      return error instanceof Error ? error.message : String(error);
    } finally {
      stop();
      watched.abort = undefined;
    }
  }

  /** Returns whether the peer is still there. */
  #judge(id: string, watched: Watched, problem: string | undefined): boolean {
    const { rise, fall, onChange } = this.#settings;
    const agrees = (problem === undefined) !== watched.down;
    watched.contrary = agrees ? 0 : watched.contrary + 1;
    if (watched.contrary < (watched.down ? rise : fall)) return true;
    const health = watched.down ? 'up' : 'down';
    Object.assign(watched, { contrary: 0, down: !watched.down });
    try {
      this.#balancer.setHealth(id, health);
    } catch (error) {
      if (!(error instanceof BalancerConfigError)) throw error;
      this.#forget(id, watched);
      return false;
    }
    onChange({ id, health, problem });
    return true;
  }
}

function resolve(options: HealthCheckOptions): Settings {
  const { check = { kind: 'tcp' } } = options;
  if (check.kind === 'http' && !/^\/[!-~]*$/.test(check.path ?? '/')) {
    throw new BalancerConfigError(
      'INVALID_OPTION',
      `'${check.path}' cannot be asked for; write a path such as /health`,
    );
  }
  if (check.kind === 'http' && check.host !== undefined && !/^[\w.:[\]-]+$/.test(check.host)) {
    throw new BalancerConfigError('INVALID_OPTION', `'${check.host}' cannot be a Host`);
  }
  const isPlainHttp = check.kind === 'http' && options.connect === undefined;
  return {
    check,
    intervalMs: within('intervalMs', options.intervalMs ?? 2000, 1),
    jitter: within('jitter', options.jitter ?? 0.1, 0, 1),
    timeoutMs: within('timeoutMs', options.timeoutMs ?? 1000, 1),
    rise: within('rise', options.rise ?? 2, 1),
    fall: within('fall', options.fall ?? 3, 1),
    atOnce: options.atOnce ?? false,
    maxConcurrent: within('maxConcurrent', options.maxConcurrent ?? 64, 1),
    target: options.target ?? (isPlainHttp ? httpTargetOf : targetOf),
    connect: options.connect ?? connectByNet,
    setTimer: options.setTimer ?? setUnrefTimer,
    random: options.random ?? Math.random,
    onChange: options.onChange ?? (() => undefined),
  };
}

import { BalancerError, DiscoveryError, within } from '../errors.ts';
import type { PeerOptions } from '../peer.ts';
import { setUnrefTimer, type SetTimer } from '../timers.ts';
import type { Discovered, Source } from './source.ts';

export interface DiscoverOptions {
  /** Takes a list that differs from the one before: `(peers) => balancer.setPeers(peers)`. */
  readonly onPeers: (peers: readonly PeerOptions[]) => void;
  /** Nothing usable was found; the last list stays. @default silent */
  readonly onError?: (error: BalancerError) => void;
  /** How often a source that tells no TTL is looked at. @default 30_000 (Consul's and Kubernetes' DNS TTL) */
  readonly intervalMs?: number;
  /** A TTL below this is taken for this. @default 1000 (nginx's shortest) */
  readonly minTtlMs?: number;
  /** A TTL above this is taken for this. @default 300_000 */
  readonly maxTtlMs?: number;
  /** After a failure the wait doubles from `minTtlMs` up to this. @default 30_000 */
  readonly maxRetryMs?: number;
  readonly setTimer?: SetTimer;
}

export interface Discovery {
  /** Settles after the first look, whatever came of it. */
  readonly ready: Promise<void>;
  /** Looks now. */
  refresh(): Promise<void>;
  close(): void;
}

/**
 * Follows a source: looks again when what it found has had its time. A source that fails takes no peers away; they
 * were good a moment ago, and health checks know better.
 * @throws BalancerConfigError INVALID_OPTION
 */
export function discover(source: Source, options: DiscoverOptions): Discovery {
  return new Following(source, options);
}

class Following implements Discovery {
  readonly ready: Promise<void>;
  readonly #source: Source;
  readonly #options: Required<DiscoverOptions>;
  #last = '';
  #failures = 0;
  #cancel: () => void = () => undefined;
  readonly #unwatch: () => void;
  #running: Promise<void> | undefined;
  #again = false;
  #closed = false;

  constructor(source: Source, options: DiscoverOptions) {
    this.#source = source;
    this.#options = {
      onPeers: options.onPeers,
      onError: options.onError ?? (() => undefined),
      intervalMs: within('intervalMs', options.intervalMs ?? 30_000, 1),
      minTtlMs: within('minTtlMs', options.minTtlMs ?? 1000, 1),
      maxTtlMs: within('maxTtlMs', options.maxTtlMs ?? 300_000, 1),
      maxRetryMs: within('maxRetryMs', options.maxRetryMs ?? 30_000, 1),
      setTimer: options.setTimer ?? setUnrefTimer,
    };
    this.#unwatch = source.watch?.(() => void this.refresh()) ?? (() => undefined);
    this.ready = this.refresh();
  }

  /** One look at a time; one that is asked for meanwhile comes right after it, and once. */
  refresh(): Promise<void> {
    if (this.#running !== undefined) {
      this.#again = true;
      return this.#running;
    }
    this.#running = this.#look().finally(() => (this.#running = undefined));
    return this.#running;
  }

  close(): void {
    this.#closed = true;
    this.#cancel();
    this.#unwatch();
  }

  async #look(): Promise<void> {
    do {
      this.#again = false;
      if (this.#closed) return;
      this.#cancel();
      const waitMs = await this.#lookOnce();
      if (!this.#closed) this.#cancel = this.#options.setTimer(() => void this.refresh(), waitMs);
    } while (this.#again);
  }

  /** Returns how long to wait before the next look. */
  async #lookOnce(): Promise<number> {
    const { minTtlMs, maxTtlMs, maxRetryMs, intervalMs, onError } = this.#options;
    try {
      const { peers, ttlMs } = await this.#source.find();
      if (!this.#closed) this.#take(peers);
      this.#failures = 0;
      return ttlMs === undefined ? intervalMs : Math.min(Math.max(ttlMs, minTtlMs), maxTtlMs);
    } catch (error) {
      if (!this.#closed) onError(asDiscoveryError(error));
      return Math.min(minTtlMs * 2 ** Math.min(this.#failures++, 30), maxRetryMs);
    }
  }

  /** Records come in another order each time (RFC 1794): that is no other list. */
  #take(peers: Discovered['peers']): void {
    const sorted = peers.toSorted((a, b) => (a.id < b.id ? -1 : 1));
    const text = JSON.stringify(sorted);
    if (text === this.#last) return;
    this.#options.onPeers(sorted);
    this.#last = text;
  }
}

function asDiscoveryError(error: unknown): BalancerError {
  if (error instanceof BalancerError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new DiscoveryError('SOURCE_FAILED', message, { cause: error });
}

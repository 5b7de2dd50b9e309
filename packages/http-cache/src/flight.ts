import type { Environ, HeaderList } from '@highball/gateway-protocol';
import type { StoredResponse } from './entry.ts';
import type { Freshness } from './freshness.ts';
import type { Invalidatable } from './invalidations.ts';
import type { Lead } from './lead.ts';
import type { Tell } from './peer-server.ts';
import type { SharedBody } from './shared-body.ts';

/** A response on its way into the store, for others who ask for the same. */
export interface ResponseInFlight {
  readonly status: string;
  readonly fields: HeaderList;
  readonly freshness: Freshness;
  /** What requests must have in common with the first. */
  readonly names: readonly string[];
  readonly variant: string;
  /** What invalidations go by. */
  readonly url: string;
  readonly tags: readonly string[];
  readonly position: number;
  readonly body: SharedBody;
}

/** What has become of a fetch, as far as others may use it. */
export type Landing =
  | { readonly kind: 'stored'; readonly entry: StoredResponse; readonly detail: string | undefined }
  | { readonly kind: 'streaming'; readonly response: ResponseInFlight }
  /** Each looks again: another process has stored it, or has left it. */
  | { readonly kind: 'again'; readonly stored: boolean }
  /** Each must ask for itself. */
  | { readonly kind: 'nothing' };

/** A fetch that others may wait for. */
export class Flight {
  readonly controller: AbortController = new AbortController();
  /** Who waits for the head. */
  waiting = 0;
  /** From now on its readers are whom it goes on for. */
  headHasCome = false;
  /** Nobody reads along, and the body is to be read to its end for the store. */
  unattended = false;
  /** Its lock, where other processes may wait as well. */
  lead: Lead | undefined;
  /** Has one told what becomes of it: to read it from its file, when its beginning is not in memory any more. */
  follow: ((tell: Tell) => void) | undefined;
  /** What of it invalidations go by, as far as it is known. */
  subject: Invalidatable;
  readonly #landed: Promise<Landing>;
  #land!: (landing: Landing) => void;

  constructor(subject: Invalidatable) {
    this.subject = subject;
    this.#landed = new Promise((resolve) => (this.#land = resolve));
  }

  /** Whether other processes wait for it or read along. */
  get isFollowed(): boolean {
    return this.lead !== undefined && this.lead.followers > 0;
  }

  land(landing: Landing): void {
    this.#land(landing);
  }

  /** Goes on without a client, for so long at most. */
  goOn(timeoutMs: number): void {
    this.unattended = true;
    setTimeout(() => this.controller.abort(), timeoutMs).unref();
  }

  /** Waits for the head; `nothing` when that takes too long. */
  async wait(timeoutMs: number): Promise<Landing> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<Landing>((resolve) => {
      timer = setTimeout(() => resolve({ kind: 'nothing' }), Math.max(0, timeoutMs));
    });
    this.waiting++;
    try {
      return await Promise.race([this.#landed, late]);
    } finally {
      this.waiting--;
      clearTimeout(timer);
    }
  }
}

/** When the client leaves before the head has come, and nobody else waits for it, the fetch ends. */
export function signalOf(flight: Flight, environ: Environ): AbortSignal {
  const { controller } = flight;
  if (flight.unattended) return controller.signal;
  const leave = (): void => {
    if (flight.waiting === 0 && !flight.isFollowed && !flight.headHasCome) controller.abort();
  };
  environ['highball.signal']?.().addEventListener('abort', leave, { once: true });
  return controller.signal;
}

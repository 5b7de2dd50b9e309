import type { Environ } from '@highball/gateway-protocol';
import type { Destination } from './destination.ts';
import type { Refusal } from './errors.ts';
import type { ResolvedOptions } from './options.ts';
import type { Watch } from './watch.ts';

/** One request on its way through the proxy: what is known of it, and what is written of it at its end. */
export class Journey {
  readonly #environ: Environ;
  readonly #options: Pick<ResolvedOptions, 'clock' | 'onRecord'>;
  readonly #startedAt: number;
  #over = false;
  user = '';
  destination: Destination | undefined;
  address = '';
  watch: Watch | undefined;
  /** Gives back the place among the connections that are counted. */
  giveBack: () => void = () => undefined;

  constructor(environ: Environ, options: Pick<ResolvedOptions, 'clock' | 'onRecord'>) {
    this.#environ = environ;
    this.#options = options;
    this.#startedAt = options.clock.now();
  }

  /**
   * It is over; only the first call counts.
   * @param status - what the client got, where that is not the error's own.
   */
  end(error: Refusal | undefined, status = 0): void {
    if (this.#over) return;
    this.#over = true;
    this.giveBack();
    const { REQUEST_METHOD: method, REMOTE_ADDR: client = '' } = this.#environ;
    this.#options.onRecord({
      method,
      client,
      user: this.user,
      host: this.destination?.host ?? '',
      port: this.destination?.port ?? 0,
      address: this.address,
      status: status || Number.parseInt(error?.status ?? '0', 10),
      error: error?.code,
      sentBytes: this.watch?.sentBytes ?? 0,
      receivedBytes: this.watch?.receivedBytes ?? 0,
      durationMs: this.#options.clock.now() - this.#startedAt,
    });
  }
}

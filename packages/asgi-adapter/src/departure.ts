import type { AsgiReceive } from '@highball/gateway-protocol';
import { ClientDisconnected } from './errors.ts';

/**
 * `highball.signal` on the events of an http scope. Only who has read the body hears next that the client has left;
 * so the signal waits for that.
 */
export class Departure {
  readonly #receive: AsgiReceive;
  #controller: AbortController | undefined;
  #bodyRead = false;

  constructor(receive: AsgiReceive) {
    this.#receive = receive;
  }

  /** The signal, made when it is first asked for. */
  readonly signal = (): AbortSignal => {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#bodyRead) void this.#watch(this.#controller);
    }
    return this.#controller.signal;
  };

  /** The body was read to its end. */
  onBodyRead(): void {
    this.#bodyRead = true;
    if (this.#controller !== undefined) void this.#watch(this.#controller);
  }

  async #watch(controller: AbortController): Promise<void> {
    try {
      await this.#receive();
    } finally {
      controller.abort(new ClientDisconnected());
    }
  }
}

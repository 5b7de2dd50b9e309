import type { AsgiReceiveEvent, AsgiSendEvent } from '@highball/gateway-protocol';
import type { Report } from '../report.ts';
import type { Conversation } from './conversation.ts';

/** The order of events in a call about the life of an event loop (ASGI Lifespan spec). */
export class LifespanConversation implements Conversation {
  readonly #report: Report;
  /** What was received and not answered yet. */
  #asked = '';
  #next: string | undefined = 'lifespan.startup';

  constructor(report: Report) {
    this.#report = report;
  }

  received({ type }: AsgiReceiveEvent): void {
    if (type !== this.#next) {
      const mend = 'give lifespan.startup, and later lifespan.shutdown, each once';
      this.#report('RECEIVED_ORDER', `receive gave ${type} out of place; ${mend}`);
    }
    this.#asked = type;
    this.#next = type === 'lifespan.startup' ? 'lifespan.shutdown' : undefined;
  }

  sent({ type }: AsgiSendEvent): void {
    if (this.#asked === '' || !type.startsWith(`${this.#asked}.`)) {
      const mend = 'answer the event that was received last, once';
      this.#report('LIFESPAN_ORDER', `send got ${type} out of place; ${mend}`);
    }
    this.#asked = '';
  }

  /** An application may leave at any time: it then takes no part in the life of the loop. */
  returned(): void {
    this.#asked = '';
  }
}

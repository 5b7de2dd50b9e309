import type { Clock } from './clock.ts';

/** What a worker has said to a question, or why it has said nothing. */
export type Reply = { readonly answer: unknown } | { readonly problem: string };

interface Pending {
  readonly settle: (reply: Reply) => void;
  readonly timer: unknown;
}

/** The questions to one worker that are not answered yet. Each is settled in time; none ever rejects. */
export class Questions {
  readonly #clock: Clock;
  readonly #pending = new Map<number, Pending>();
  #last = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @param send - sends the question with this number. */
  ask(send: (id: number) => void, timeoutMs: number): Promise<Reply> {
    const id = ++this.#last;
    return new Promise((settle) => {
      const late = { problem: `it has not answered within ${timeoutMs} ms` };
      const timer = this.#clock.setTimeout(() => this.settle(id, late), timeoutMs);
      this.#pending.set(id, { settle, timer });
      send(id);
    });
  }

  /** An answer that nobody waits for any more is passed by. */
  settle(id: number, reply: Reply): void {
    const pending = this.#pending.get(id);
    if (pending === undefined) return;
    this.#pending.delete(id);
    this.#clock.clearTimeout(pending.timer);
    pending.settle(reply);
  }

  /** The worker is gone. */
  close(): void {
    for (const id of this.#pending.keys()) this.settle(id, { problem: 'it has ended' });
  }
}

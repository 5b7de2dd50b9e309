import { Buffer } from 'node:buffer';

/** A body of one piece that is promised not to change: see gateway-protocol's ResponseBody. */
export type FrozenBody = readonly [Uint8Array];

/** So many answers are kept, each of them small: see Output. */
const SLOTS = 64;

/** A head and a body that were sent together. */
interface Slot {
  head: string;
  body: FrozenBody | undefined;
  /** Both as one; made when they come together again. */
  joined: Uint8Array | undefined;
}

/**
 * Small answers that are given again and again, with their heads, so that only the kernel copies them: that saves a
 * twentieth of what a file of 10 KB costs. None is ever changed, since it may still be on its way to a slow client:
 * with another head, as that of the next second, it is another one.
 */
export class JoinedAnswers {
  readonly #slots: Slot[] = Array.from({ length: SLOTS }, () => ({
    head: '',
    body: undefined,
    joined: undefined,
  }));

  /**
   * Both as one, which nobody may write into; undefined when they did not come together before.
   * @param head - latin-1 text.
   */
  get(head: string, body: FrozenBody): Uint8Array | undefined {
    const slot = this.#slots[body[0].byteLength % SLOTS] as Slot;
    if (slot.body === body && slot.head === head) {
      slot.joined ??= Buffer.concat([Buffer.from(head, 'latin1'), body[0]]);
      return slot.joined;
    }
    slot.head = head;
    slot.body = body;
    slot.joined = undefined;
    return undefined;
  }
}

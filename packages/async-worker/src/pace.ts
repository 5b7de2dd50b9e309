/**
 * How fast a client takes what waits for it. Seen at intervals, and as exact as these: what the socket tells of its
 * writes may count a byte twice, to the client's favour.
 */
export class Pace {
  /** Bytes of the writes that were over, and of the one under way those that the kernel had not taken; -1 unknown. */
  #completed: number;
  #unsent: number;
  #seenAt: number;
  /** When something was last taken. */
  #takenAt: number;
  /** How far the client has fallen behind the least rate. */
  #behindMs = 0;

  constructor(now: number, completed: number, unsent: number) {
    this.#completed = completed;
    this.#unsent = unsent;
    this.#seenAt = now;
    this.#takenAt = now;
  }

  /**
   * For how long the client has taken nothing, or by how long it has fallen behind the least rate: as a leaky bucket,
   * so that it cannot save up for later.
   * @param minRateBytes - a second; 0 for none.
   */
  lateMs(now: number, completed: number, unsent: number, minRateBytes: number): number {
    if (completed !== this.#completed || unsent !== this.#unsent) this.#takenAt = now;
    const taken = completed - this.#completed + Math.max(0, this.#unsent - unsent);
    const earnedMs = minRateBytes === 0 ? Infinity : (taken * 1000) / minRateBytes;
    this.#behindMs = Math.max(0, this.#behindMs + now - this.#seenAt - earnedMs);
    this.#completed = completed;
    this.#unsent = unsent;
    this.#seenAt = now;
    return Math.max(now - this.#takenAt, this.#behindMs);
  }
}

/** What this needs of an answer, or of a connection that has none. */
export interface Writing {
  readonly exchange: { readonly response: { readonly headSent: boolean } } | undefined;
  readonly output: {
    /** Bytes that were given to the socket so far. */
    readonly written: number;
    /** Whether the client has taken all of them. */
    readonly sent: boolean;
  };
}

/** Tells answers that go on from those that wait: asked at intervals, it compares with the last time. */
export class StillWriting {
  #before = new Map<Writing, number>();

  /** Those of them that have nothing to show for the time since the last call: no answer, or nothing new of it. */
  silent<Answer extends Writing>(answers: Iterable<Answer>): Answer[] {
    const before = this.#before;
    this.#before = new Map();
    const silent: Answer[] = [];
    for (const answer of answers) {
      const { written } = answer.output;
      this.#before.set(answer, written);
      // Whoever is slow to take what waits for it has the write timeout.
      const isMoving = !answer.output.sent || written > (before.get(answer) ?? 0);
      const hasBegun = answer.exchange?.response.headSent ?? !answer.output.sent;
      if (!hasBegun || !isMoving) silent.push(answer);
    }
    return silent;
  }
}

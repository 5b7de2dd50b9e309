/** What this needs of a connection. */
export interface Writing {
  readonly exchange: { readonly response: { readonly headSent: boolean } } | undefined;
  readonly output: {
    /** Bytes that were given to the socket so far. */
    readonly written: number;
    /** Whether the client has taken all of them. */
    readonly sent: boolean;
  };
}

/** Tells connections whose answer goes on from those that wait: asked at intervals, it compares with the last time. */
export class StillWriting {
  #before = new Map<Writing, number>();

  /** Those of them that have nothing to show for the time since the last call: no answer, or nothing new of it. */
  silent<Connection extends Writing>(connections: Iterable<Connection>): Connection[] {
    const before = this.#before;
    this.#before = new Map();
    const silent: Connection[] = [];
    for (const connection of connections) {
      const { written } = connection.output;
      this.#before.set(connection, written);
      // Whoever is slow to take what waits for it has the write timeout.
      const isMoving = !connection.output.sent || written > (before.get(connection) ?? 0);
      const hasBegun = connection.exchange?.response.headSent ?? !connection.output.sent;
      if (!hasBegun || !isMoving) silent.push(connection);
    }
    return silent;
  }
}

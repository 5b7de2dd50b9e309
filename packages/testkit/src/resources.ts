/**
 * Ends what a test has begun, the last first, as an AsyncDisposableStack does, which Node 22 has not:
 * `await using resources = new Resources()`.
 */
export class Resources implements AsyncDisposable {
  readonly #begun: AsyncDisposable[] = [];

  /** Takes something over and gives it back. */
  use<Resource extends AsyncDisposable>(resource: Resource): Resource {
    this.#begun.push(resource);
    return resource;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const failures: unknown[] = [];
    for (const resource of this.#begun.toReversed()) {
      try {
        await resource[Symbol.asyncDispose]();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures.length === 1 ? failures[0] : new AggregateError(failures);
  }
}

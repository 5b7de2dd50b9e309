/** Who waits for a {@link Deferred} without a promise. */
export interface SettledListener<Value> {
  onResolved(value: Value): void;
  onRejected(error: unknown): void;
}

/**
 * A promise that also tells a listener at once, when and where it is settled. An application that waits for something
 * returns it, and a server that knows it is spared the promise, its functions and a turn of the microtask queue. For
 * all others it is a promise like any other, which is made when it is first asked for.
 */
export class Deferred<Value> implements Promise<Value> {
  #state: 'pending' | 'resolved' | 'rejected' = 'pending';
  /** What it was settled with. */
  #outcome: unknown;
  #listener: SettledListener<Value> | undefined;
  #promise: Promise<Value> | undefined;
  /** Settles the promise, where one was asked for before there was an outcome. */
  #onSettled: (() => void) | undefined;

  get [Symbol.toStringTag](): string {
    return 'Deferred';
  }

  /** Settles it; only the first call to this or to {@link reject} counts. */
  resolve(value: Value): void {
    this.#settle('resolved', value);
  }

  /** Settles it with an error. One that nobody listens for is an unhandled rejection, as with any promise. */
  reject(error: unknown): void {
    this.#settle('rejected', error);
  }

  /**
   * Has somebody told from within `resolve` or `reject`; at once when that is over.
   * @throws TypeError when somebody is told already: there is room for one, others take `then`.
   */
  whenSettled(listener: SettledListener<Value>): void {
    if (this.#listener !== undefined)
      throw new TypeError('a Deferred tells one listener; others take then()');
    this.#listener = listener;
    if (this.#state === 'pending') return;
    // A promise of an error was made, since nobody listened then.
    this.#promise?.catch(ignore);
    this.#tell(listener);
  }

  // oxlint-disable-next-line unicorn/no-thenable -- it is a promise
  then<Result1 = Value, Result2 = never>(
    onFulfilled?: ((value: Value) => Result1 | PromiseLike<Result1>) | null,
    onRejected?: ((reason: unknown) => Result2 | PromiseLike<Result2>) | null,
  ): Promise<Result1 | Result2> {
    return this.#asPromise().then(onFulfilled, onRejected);
  }

  catch<Result = never>(
    onRejected?: ((reason: unknown) => Result | PromiseLike<Result>) | null,
  ): Promise<Value | Result> {
    return this.#asPromise().catch(onRejected);
  }

  finally(onFinally?: (() => void) | null): Promise<Value> {
    return this.#asPromise().finally(onFinally);
  }

  #settle(state: 'resolved' | 'rejected', outcome: unknown): void {
    if (this.#state !== 'pending') return;
    this.#state = state;
    this.#outcome = outcome;
    this.#onSettled?.();
    if (this.#listener !== undefined) this.#tell(this.#listener);
    else if (state === 'rejected') this.#asPromise();
  }

  #tell(listener: SettledListener<Value>): void {
    if (this.#state === 'resolved') listener.onResolved(this.#outcome as Value);
    else listener.onRejected(this.#outcome);
  }

  #asPromise(): Promise<Value> {
    this.#promise ??= new Promise<Value>((resolve, reject) => {
      this.#onSettled = () => {
        if (this.#state === 'resolved') resolve(this.#outcome as Value);
        else reject(this.#outcome);
      };
      if (this.#state !== 'pending') this.#onSettled();
    });
    return this.#promise;
  }
}

function ignore(): void {
  // The listener is told.
}

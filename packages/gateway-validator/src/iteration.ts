import type { BodyChunk } from '@highball/gateway-protocol';
import type { Exchange } from './exchange.ts';
import { isThenable, kindOf } from './report.ts';
import type { BodyUse } from './unclosed.ts';

type Result = IteratorResult<BodyChunk, unknown>;

/** The server's way through a body: which calls of it are in order, and what they bring. */
class Iteration {
  readonly #use: BodyUse;
  readonly #exchange: Exchange;
  #busy = false;
  #over = false;
  #index = 0;

  constructor(use: BodyUse, exchange: Exchange) {
    this.#use = use;
    this.#exchange = exchange;
    if (use.closed)
      exchange.report('NEXT_AFTER_CLOSE', 'the body is iterated after it was closed; close it last');
    else if (use.iterated)
      exchange.report('BODY_ITERATED_TWICE', 'the body is iterated twice; keep the first iterator');
    use.iterated = true;
    exchange.iterating = true;
  }

  /** The server asks for the next piece. */
  begin(): void {
    const { report } = this.#exchange;
    if (this.#use.closed)
      report('NEXT_AFTER_CLOSE', 'next of the body was called after close; close it last');
    else if (this.#busy)
      report('NEXT_CONCURRENT', 'next of the body was called before its last promise settled; await it');
    else if (this.#over) report('NEXT_AFTER_END', 'next of the body was called after its end; stop at done');
    this.#busy = true;
  }

  /** The application has answered. */
  settle(result: Result): Result {
    this.#busy = false;
    if (typeof result !== 'object' || result === null || isThenable(result)) {
      this.#exchange.report('BODY_ITERATOR', `next of the body gave ${kindOf(result)}; give { done, value }`);
    } else if (result.done === true) {
      this.#over = true;
      this.#exchange.finish();
    } else {
      this.#exchange.mustHaveStarted('before the first piece of the body');
      this.#exchange.take(result.value, `piece ${this.#index++} of the body`);
    }
    return result;
  }

  /** The application has failed. */
  fail(): void {
    this.#busy = false;
    this.#over = true;
    this.#exchange.fail();
  }

  /** The server wants no more, perhaps in the middle of a piece. */
  leave(): void {
    this.#busy = false;
    this.#over = true;
    this.#exchange.leave();
  }
}

/** Iterates a synchronous body. */
export function iterateSync(
  body: Iterable<BodyChunk>,
  use: BodyUse,
  exchange: Exchange,
): Iterator<BodyChunk, unknown> {
  const iteration = new Iteration(use, exchange);
  const inner = iteratorOf(body[Symbol.iterator](), exchange);
  return {
    next() {
      iteration.begin();
      const result = attempt(() => inner.next(), iteration);
      // Who iterates does not call `return` of an iterator that threw: its application would never clean up.
      return attempt(
        () => iteration.settle(result),
        iteration,
        () => inner.return?.(),
      );
    },
    return(value?: unknown) {
      iteration.leave();
      return inner.return?.(value) ?? { done: true, value };
    },
  };
}

/** Iterates an asynchronous body. */
export function iterateAsync(
  body: AsyncIterable<BodyChunk>,
  use: BodyUse,
  exchange: Exchange,
): AsyncIterator<BodyChunk, unknown> {
  const iteration = new Iteration(use, exchange);
  const inner = iteratorOf(body[Symbol.asyncIterator](), exchange);
  return {
    async next() {
      iteration.begin();
      const promise = attempt(() => inner.next(), iteration);
      if (!isThenable(promise))
        exchange.report(
          'BODY_ITERATOR',
          `next of an asynchronous body gave ${kindOf(promise)}; give a promise`,
        );
      const result = await promise.catch((error: unknown) => {
        iteration.fail();
        throw error;
      });
      return attempt(
        () => iteration.settle(result),
        iteration,
        () => void inner.return?.()?.catch(() => undefined),
      );
    },
    async return(value?: unknown) {
      iteration.leave();
      return (await inner.return?.(value)) ?? { done: true, value };
    },
  };
}

/** Does something; when that fails, so does the iteration. */
function attempt<Value>(act: () => Value, iteration: Iteration, cleanUp?: () => unknown): Value {
  try {
    return act();
  } catch (error) {
    iteration.fail();
    cleanUp?.();
    throw error;
  }
}

function iteratorOf<Kind extends { next: unknown }>(iterator: Kind, exchange: Exchange): Kind {
  if (typeof (iterator as Partial<Kind> | undefined)?.next !== 'function')
    exchange.report(
      'BODY_ITERATOR',
      `iterating the body gave ${kindOf(iterator)} without next; give an iterator`,
    );
  return iterator;
}

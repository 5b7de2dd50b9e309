import type { Exchange } from './exchange.ts';

/** What a guard stands before, and for which request. */
interface Origin {
  readonly original: object;
  readonly exchange: Exchange;
}

const origins = new WeakMap<object, Origin>();

/** Remembers what a guard stands before. */
export function remember<Guard extends object>(guard: Guard, original: object, exchange: Exchange): Guard {
  origins.set(guard, { original, exchange });
  return guard;
}

/**
 * What stands behind a guard of a response that is over: a middleware may have asked one application, and now asks
 * another with the same environ. A guard whose response goes on is that of a validator around this one, and stays.
 */
export function originalOf<Value extends object>(value: Value): Value {
  const origin = origins.get(value);
  return origin?.exchange.over === true ? originalOf(origin.original as Value) : value;
}

/** What most calls of `send` return: no promise is made where nothing waits. */
export const DONE: Promise<void> = Promise.resolve();

/** A rejection that may be left alone: who does not await `send` must not end the process with it. */
export function quietly(reason: Error): Promise<never> {
  const rejected = Promise.reject(reason);
  rejected.catch(() => undefined);
  return rejected;
}

/** The same promise; its rejection may be left alone. */
export function softly<Value>(promise: Promise<Value>): Promise<Value> {
  promise.catch(() => undefined);
  return promise;
}

/** A promise with its ends; a rejection of it may be left alone. */
export function quietDeferred<Value>(): PromiseWithResolvers<Value> {
  const deferred = Promise.withResolvers<Value>();
  deferred.promise.catch(() => undefined);
  return deferred;
}

/** Whether something can be awaited. */
export function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as PromiseLike<unknown> | undefined)?.then === 'function';
}

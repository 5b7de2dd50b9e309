/** A rejection that may be left alone: an unhandled one would end the process. */
export function quietly(reason: Error): Promise<never> {
  const rejected = Promise.reject(reason);
  rejected.catch(() => undefined);
  return rejected;
}

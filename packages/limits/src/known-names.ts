import { LimitsOptionError } from './errors.ts';

/**
 * Refuses what has a name that nobody knows: a limit that is misspelled would be none.
 * @throws LimitsOptionError
 */
export function checkNames(given: object, known: Readonly<Record<string, true>>, place: string): void {
  const unknown = Object.keys(given).find((name) => !Object.hasOwn(known, name));
  if (unknown === undefined) return;
  throw new LimitsOptionError(`${place} has '${unknown}'; there are ${Object.keys(known).join(', ')}`);
}

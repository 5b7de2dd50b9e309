import { ProxyConfigError } from './errors.ts';

/** What is not given does not take the place of a default. */
export function withoutUndefined<Options extends object>(options: Options): Options {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Options;
}

/**
 * Checks the amounts and times among the options.
 * @throws ProxyConfigError BAD_OPTION
 */
export function checkNumbers(options: object): void {
  for (const [name, value] of Object.entries(options)) {
    const isAmount = name.endsWith('Ms') || name.startsWith('max');
    if (isAmount && !(typeof value === 'number' && value >= 0)) {
      throw new ProxyConfigError(`${name} is a number of 0 or more, not ${String(value)}`, 'BAD_OPTION');
    }
  }
}

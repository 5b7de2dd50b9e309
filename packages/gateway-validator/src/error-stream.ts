import type { ErrorStream } from '@highball/gateway-protocol';
import type { Exchange } from './exchange.ts';
import { kindOf } from './report.ts';

/** `wsgi.errors`, with the application watched. */
export class GuardedErrorStream implements ErrorStream {
  readonly #inner: ErrorStream;
  readonly #exchange: Exchange;

  constructor(inner: ErrorStream, exchange: Exchange) {
    this.#inner = inner;
    this.#exchange = exchange;
  }

  write(...args: unknown[]): void {
    if (args.length !== 1 || typeof args[0] !== 'string') {
      const got = args.length === 1 ? kindOf(args[0]) : `${args.length} arguments`;
      this.#exchange.report('ERRORS_WRITE', `write of wsgi.errors got ${got}; pass one string`);
    }
    this.#inner.write(...(args as [string]));
  }

  writelines(...args: unknown[]): void {
    const lines = args.length === 1 ? linesOf(args[0]) : undefined;
    if (lines === undefined)
      this.#exchange.report(
        'ERRORS_WRITELINES',
        'writelines of wsgi.errors takes an array of strings; pass that',
      );
    this.#inner.writelines(lines ?? (args[0] as Iterable<string>));
  }

  flush(): void {
    this.#inner.flush();
  }
}

/** The lines, when they are some; a string would be one of characters. */
function linesOf(value: unknown): string[] | undefined {
  if (typeof value !== 'object' || value === null || !(Symbol.iterator in value)) return undefined;
  const lines = [...(value as Iterable<unknown>)];
  return lines.every((line) => typeof line === 'string') ? lines : undefined;
}

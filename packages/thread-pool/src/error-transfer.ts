import { inspect } from 'node:util';

/**
 * An error on its way between two threads. The structured clone would keep neither the name of a class nor `code`
 * (HTML Standard, "StructuredSerializeInternal"), and fails for errors that refer to sockets and the like.
 */
export interface ErrorRecord {
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
  readonly code: string | number | undefined;
  readonly cause: ErrorRecord | undefined;
}

/** A chain of causes may be a circle. */
const MAX_CAUSES = 8;

/** What is kept of an error, or of anything else that was thrown. */
export function describeError(error: unknown, causes: number = MAX_CAUSES): ErrorRecord {
  if (!(error instanceof Error)) return bare(typeof error === 'string' ? error : inspect(error));
  const { code, cause } = error as { code?: unknown; cause?: unknown };
  return {
    name: String(error.name),
    message: String(error.message),
    stack: typeof error.stack === 'string' ? error.stack : undefined,
    code: typeof code === 'string' || typeof code === 'number' ? code : undefined,
    cause: cause === undefined || causes === 0 ? undefined : describeError(cause, causes - 1),
  };
}

/** An error that says the same, with the stack of the other thread. */
export function reviveError({ name, message, stack, code, cause }: ErrorRecord): Error {
  const error = new Error(message, cause === undefined ? undefined : { cause: reviveError(cause) });
  // As an error has them itself: not listed among its own properties.
  Object.defineProperty(error, 'name', { value: name, configurable: true, writable: true });
  Object.defineProperty(error, 'stack', {
    value: stack ?? `${name}: ${message}`,
    configurable: true,
    writable: true,
  });
  return code === undefined ? error : Object.assign(error, { code });
}

function bare(message: string): ErrorRecord {
  return { name: 'Error', message, stack: undefined, code: undefined, cause: undefined };
}

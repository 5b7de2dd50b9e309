import type { Environ } from '@highball/gateway-protocol';
import { ClientDisconnected } from './errors.ts';

/** Writes an error that nobody else will hear of to `wsgi.errors`; that a client has left is none. */
export function report(error: unknown, environ: Environ): void {
  if (error instanceof ClientDisconnected) return;
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  const { REQUEST_METHOD, SCRIPT_NAME, PATH_INFO } = environ;
  environ['wsgi.errors'].write(
    `the application failed at ${REQUEST_METHOD} ${SCRIPT_NAME}${PATH_INFO}: ${stack}\n`,
  );
}

/** Where a server, or a part of one, says what happens; `details` may have the error as `err`. */
export interface Log {
  error(message: string, details?: object): void;
  warn(message: string, details?: object): void;
  info(message: string, details?: object): void;
  debug(message: string, details?: object): void;
}

const print = (message: string, details?: object): void => {
  if (details === undefined) console.error(message);
  else console.error(message, details);
};
const ignore = (): void => undefined;

/** Errors and warnings to stderr, the rest nowhere. */
export const consoleLog: Log = { error: print, warn: print, info: ignore, debug: ignore };

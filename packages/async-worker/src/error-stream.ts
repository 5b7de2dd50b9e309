import type { ErrorStream, Log } from '@highball/gateway-protocol';

/** A text without an end must not grow for ever. */
const MAX_LINE_LENGTH = 65_536;

/** `wsgi.errors`: what applications write there goes to the log, a line at a time. */
export function createErrorStream(log: Log): ErrorStream {
  let rest = '';
  const flush = (): void => {
    if (rest !== '') log.error(rest);
    rest = '';
  };
  const write = (text: string): void => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) log.error(line);
    if (rest.length > MAX_LINE_LENGTH) flush();
  };
  const writelines = (lines: Iterable<string>): void => {
    for (const line of lines) write(line);
  };
  return { write, flush, writelines };
}

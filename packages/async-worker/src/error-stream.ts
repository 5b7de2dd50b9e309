import type { ErrorStream } from '@highball/gateway-protocol';
import type { Logger } from './options.ts';

/** `wsgi.errors`: what applications write there goes to the log, a line at a time. */
export function createErrorStream(log: Logger): ErrorStream {
  let rest = '';
  const write = (text: string): void => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() as string;
    for (const line of lines) log.error({}, line);
    // A text without an end must not grow for ever.
    if (rest.length > MAX_LINE) flush();
  };
  const flush = (): void => {
    if (rest !== '') log.error({}, rest);
    rest = '';
  };
  return {
    write,
    flush,
    writelines: (lines) => {
      for (const line of lines) write(line);
    },
  };
}

const MAX_LINE = 65_536;

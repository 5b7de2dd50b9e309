import type { ConnectionFacts } from '@highball/environ';
import { type RequestHandler, RequestParser } from '@highball/http-parser';
import type { ResolvedOptions } from './options.ts';
import { startUwsgi } from './uwsgi-reader.ts';

/** What a connection needs of whoever makes requests of its bytes; http-parser's RequestParser has more. */
export type RequestSource = Pick<
  RequestParser,
  | 'push'
  | 'pause'
  | 'resume'
  | 'paused'
  | 'buffered'
  | 'idle'
  | 'finish'
  | 'release'
  | 'close'
  | 'forget'
>; // prettier-ignore

/** Makes the source of one connection. */
export type StartSource = (handler: RequestHandler, peer: ConnectionFacts) => RequestSource;

/**
 * Which source the connections of a worker have.
 * @throws EnvironOptionError when an entry of `uwsgiAllowIps` is no address.
 */
export function sourceOf(options: ResolvedOptions): StartSource {
  const { protocol, parser } = options;
  if (protocol === 'uwsgi') return startUwsgi(options);
  return (handler) => new RequestParser(handler, parser);
}

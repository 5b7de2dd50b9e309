import * as v from 'valibot';
import { bool, type Declarations, listOf, oneOf, whole } from './setting.ts';

/** Where and how a server listens. */
export interface ListeningSettings {
  /**
   * Where to listen: `host:port`, `:port`, `unix:/path`, `fd://3`; repeatable. With `https://` or `http://` in front of
   * it an address speaks TLS, or plainly, whatever is usual for it. @default ['127.0.0.1:8000']
   */
  bind: string[];
  /** Connections that may wait to be accepted. @default 2048 */
  backlog: number;
  /** A socket of its own for each worker (SO_REUSEPORT) instead of one that all share. @default false */
  reusePort: boolean;
  /** What clients speak: HTTP, or uwsgi, a web server's in front. @default 'http' */
  protocol: 'http' | 'uwsgi';
  /** Whether clients may speak HTTP/2: over TLS by ALPN, on plain connections by beginning with it. @default true */
  http2: boolean;
  /** The part of the path at which the application is mounted: SCRIPT_NAME, `root_path`. @default '' */
  rootPath: string;
}

export const listeningSettings: Declarations<ListeningSettings> = {
  bind: {
    group: 'Listening',
    flag: '-b, --bind <address>',
    help: 'where to listen: HOST:PORT, :PORT, unix:/PATH or fd://N, also behind https:// or http://; repeatable',
    expects: 'HOST:PORT, :PORT or unix:/PATH',
    schema: listOf(v.string()),
    default: ['127.0.0.1:8000'],
    applies: 'upgrade',
  },
  backlog: {
    group: 'Listening',
    flag: '--backlog <count>',
    help: 'connections that may wait to be accepted',
    expects: 'a whole number from 1 to 65535',
    schema: whole(1, 65_535),
    default: 2048,
    applies: 'upgrade',
  },
  reusePort: {
    group: 'Listening',
    flag: '--reuse-port',
    help: 'a socket of its own for each worker (SO_REUSEPORT) instead of one that all share',
    expects: 'true or false',
    schema: bool,
    default: false,
    applies: 'upgrade',
  },
  protocol: {
    group: 'Listening',
    flag: '--protocol <name>',
    help: "what clients speak: http, or uwsgi (a web server in front, by nginx's uwsgi_pass)",
    expects: 'http or uwsgi',
    schema: oneOf(['http', 'uwsgi']),
    default: 'http',
    applies: 'upgrade',
  },
  http2: {
    group: 'Listening',
    flag: '--http2',
    help: 'clients may speak HTTP/2: over TLS by ALPN, on plain connections by beginning with it',
    expects: 'true or false',
    schema: bool,
    default: true,
    applies: 'reload',
  },
  rootPath: {
    group: 'Listening',
    flag: '--root-path <path>',
    env: ['SCRIPT_NAME'],
    help: 'the part of the path at which the application is mounted (SCRIPT_NAME)',
    expects: 'empty, or a path as /app: it starts with a slash and does not end with one',
    schema: v.pipe(v.string(), v.regex(/^(?:\/[^\s?#/]+)*$/)),
    default: '',
    defaultText: 'none',
    applies: 'reload',
  },
};

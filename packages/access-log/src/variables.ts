import { hostname } from 'node:os';
import process from 'node:process';
import type { Environ } from '@highball/gateway-protocol';
import { statusCode } from './record.ts';
import {
  inEnviron,
  type NamedValue,
  number,
  protocolOf,
  remoteUser,
  requestLine,
  requestTarget,
  safe,
  seconds,
  sentByClient,
  sentToClient,
  text,
} from './values.ts';

const args = text(({ environ }) => environ.QUERY_STRING || undefined);
const path = text(({ environ }) => environ.SCRIPT_NAME + environ.PATH_INFO);
const machine = hostname();
const own = String(process.pid);

/** nginx's variables (ngx_http_core_module, ngx_http_log_module, ngx_http_upstream_module). */
const VARIABLES: Readonly<Record<string, NamedValue>> = {
  args,
  body_bytes_sent: number(({ bodyBytes }) => String(bodyBytes)),
  content_length: text(({ environ }) => environ.CONTENT_LENGTH),
  content_type: text(({ environ }) => environ.CONTENT_TYPE),
  document_uri: path,
  host: text(({ environ }) => hostOf(environ)),
  hostname: text(() => machine),
  https: safe(({ environ }) => (environ['wsgi.url_scheme'] === 'https' ? 'on' : '')),
  is_args: safe(({ environ }) => (environ.QUERY_STRING === '' ? '' : '?')),
  limit_conn_status: inEnviron('highball.limit_status'),
  limit_req_status: inEnviron('highball.limit_status'),
  msec: number((_, time) => time.seconds),
  pid: number(() => own),
  query_string: args,
  remote_addr: text(({ environ }) => environ.REMOTE_ADDR || undefined),
  remote_port: text(({ environ }) => environ.REMOTE_PORT || undefined),
  remote_user: text(remoteUser),
  request: text(requestLine),
  request_completion: safe(({ complete }) => (complete ? 'OK' : '')),
  request_id: inEnviron('highball.request_id'),
  request_method: text(({ environ }) => environ.REQUEST_METHOD),
  request_time: number(({ durationMs }) => seconds(durationMs, 3)),
  request_uri: text(({ environ }) => requestTarget(environ)),
  scheme: safe(({ environ }) => environ['wsgi.url_scheme']),
  server_name: text(({ environ }) => environ.SERVER_NAME),
  server_port: text(({ environ }) => environ.SERVER_PORT),
  server_protocol: text(({ environ }) => protocolOf(environ)),
  status: number(statusCode),
  time_iso8601: safe((_, time) => time.iso),
  time_local: safe((_, time) => time.common),
  upstream_addr: inEnviron('highball.upstream_addr'),
  upstream_bytes_received: inEnviron('highball.upstream_bytes_received'),
  upstream_cache_status: inEnviron('highball.cache_status'),
  upstream_connect_time: inEnviron('highball.upstream_connect_time'),
  upstream_header_time: inEnviron('highball.upstream_header_time'),
  upstream_response_time: inEnviron('highball.upstream_response_time'),
  upstream_status: inEnviron('highball.upstream_status'),
  uri: path,
};

const PREFIXES: readonly (readonly [prefix: string, (rest: string) => NamedValue])[] = [
  ['sent_http_', (rest) => sentToClient(fieldName(rest))],
  ['http_', (rest) => sentByClient(fieldName(rest))],
  ['cookie_', (rest) => pairIn(({ HTTP_COOKIE }) => HTTP_COOKIE, rest, ';')],
  ['arg_', (rest) => pairIn(({ QUERY_STRING }) => QUERY_STRING, rest, '&')],
];

/** The names that there are, for messages. */
export const VARIABLE_NAMES: string = [
  ...Object.keys(VARIABLES),
  ...PREFIXES.map(([prefix]) => `${prefix}NAME`),
]
  .map((name) => `$${name}`)
  .join(' ');

/** What a variable stands for, by its name without `$`; undefined when there is none of that name. */
export function variable(name: string): NamedValue | undefined {
  if (Object.hasOwn(VARIABLES, name)) return VARIABLES[name];
  for (const [prefix, make] of PREFIXES) {
    if (name.startsWith(prefix) && name.length > prefix.length) return make(name.slice(prefix.length));
  }
  return undefined;
}

function fieldName(underscored: string): string {
  return underscored.replaceAll('_', '-');
}

/** The host that was asked for, without its port and in lower case; else the server's own name. */
function hostOf({ HTTP_HOST, SERVER_NAME }: Environ): string {
  if (!HTTP_HOST) return SERVER_NAME;
  return (HTTP_HOST.includes(':') ? HTTP_HOST.replace(/:\d*$/, '') : HTTP_HOST).toLowerCase();
}

/** The value of `name=value` in a list of pairs, not decoded. */
function pairIn(list: (environ: Environ) => string | undefined, name: string, separator: string): NamedValue {
  const wanted = `${name}=`;
  return text(({ environ }) => {
    for (const pair of (list(environ) ?? '').split(separator)) {
      const trimmed = pair.trimStart();
      if (trimmed.startsWith(wanted)) return trimmed.slice(wanted.length);
    }
    return undefined;
  });
}

import process from 'node:process';
import { statusCode } from './record.ts';
import {
  inEnviron,
  type NamedValue,
  number,
  protocolOf,
  remoteUser,
  requestLine,
  safe,
  seconds,
  sentByClient,
  sentToClient,
  text,
} from './values.ts';

const own = String(process.pid);

/** gunicorn's atoms (its settings, `access_log_format`). */
const ATOMS: Readonly<Record<string, NamedValue>> = {
  h: text(({ environ }) => environ.REMOTE_ADDR || undefined),
  l: safe(() => undefined),
  u: text(remoteUser),
  t: safe((_, time) => `[${time.common}]`),
  r: text(requestLine),
  s: number(statusCode),
  m: text(({ environ }) => environ.REQUEST_METHOD),
  U: text(({ environ }) => environ.PATH_INFO),
  q: text(({ environ }) => environ.QUERY_STRING),
  H: text(({ environ }) => protocolOf(environ)),
  b: number(({ bodyBytes }) => String(bodyBytes)),
  B: number(({ bodyBytes }) => String(bodyBytes)),
  f: text(({ environ }) => environ.HTTP_REFERER),
  a: text(({ environ }) => environ.HTTP_USER_AGENT),
  T: number(({ durationMs }) => String(Math.floor(durationMs / 1000))),
  D: number(({ durationMs }) => String(Math.round(durationMs * 1000))),
  M: number(({ durationMs }) => String(Math.round(durationMs))),
  L: number(({ durationMs }) => seconds(durationMs, 6)),
  p: safe(() => `<${own}>`),
};

const SOURCES: Readonly<Record<string, (name: string) => NamedValue>> = {
  i: sentByClient,
  o: sentToClient,
  e: inEnviron,
};

/** The names that there are, for messages. */
export const ATOM_NAMES: string = `${Object.keys(ATOMS).join(' ')} {name}i {name}o {key}e`;

/** What an atom stands for: `h`, `{user-agent}i`; undefined when there is none of that name. */
export function atom(name: string): NamedValue | undefined {
  if (Object.hasOwn(ATOMS, name)) return ATOMS[name];
  const named = /^\{([^{}]+)\}([ioe])$/.exec(name);
  return named === null ? undefined : SOURCES[named[2] as string]?.(named[1] as string);
}

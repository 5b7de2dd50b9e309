import type { Environ } from '@highball/gateway-protocol';
import { Buffer } from 'node:buffer';
import { HttpCacheUsageError } from './errors.ts';
import { RecentText } from './recent-text.ts';

/** What of a URL tells resources apart. */
export interface KeyRules {
  /** Parameters of the query that no answer depends on, as `utm_source`. */
  readonly ignoredParameters: ReadonlySet<string>;
  /** Whether `?b&a` is `?a&b`. */
  readonly sortQuery: boolean;
}

const DEFAULT_PORTS: Readonly<Record<string, string>> = { http: ':80', https: ':443' };
const UNRESERVED = /[\w.~-]/;

/**
 * The primary key: scheme, host, path and query, normalised as RFC 3986 §6.2.2 has it where that is safe: the case
 * of scheme, host and escapes, needless escapes, the default port. GET and HEAD share it.
 */
export function primaryKey(environ: Environ, rules: KeyRules): string {
  const scheme = environ['wsgi.url_scheme'];
  const host = environ.HTTP_HOST ?? `${environ.SERVER_NAME}:${environ.SERVER_PORT}`;
  const target = targetOf(environ);
  const recent = scheme === 'https' ? recentSecure : recentPlain;
  let key = recent.get(rules, host, target);
  if (key === undefined) {
    key = keyOf(scheme, host, target, rules);
    recent.set(rules, host, target, key);
  }
  return key;
}

const recentPlain = new RecentText();
const recentSecure = new RecentText();

/**
 * The primary key of a URL in text.
 * @throws HttpCacheUsageError BAD_PURGE when it is no absolute http URL.
 */
export function keyOfUrl(url: string, rules: KeyRules): string {
  const [, scheme = '', host = '', target = ''] = /^(https?):\/\/([^/?#]+)([^#]*)/i.exec(url) ?? [];
  if (host === '') throw new HttpCacheUsageError('BAD_PURGE', `'${url}' is no absolute http URL`);
  return keyOf(scheme.toLowerCase(), host, target.startsWith('/') ? target : `/${target}`, rules);
}

function keyOf(scheme: string, host: string, target: string, rules: KeyRules): string {
  const port = DEFAULT_PORTS[scheme] as string;
  const lower = host.toLowerCase();
  const authority = lower.endsWith(port) ? lower.slice(0, -port.length) : lower;
  return `${scheme}://${authority}${normaliseTarget(target, rules)}`;
}

/** The path as it was sent, and the query; what a proxy's client sends as a whole URL is cut to that. */
function targetOf(environ: Environ): string {
  const raw = environ.RAW_URI;
  if (raw === undefined) {
    const path = encodeURI(Buffer.from(environ.SCRIPT_NAME + environ.PATH_INFO, 'latin1').toString());
    return environ.QUERY_STRING === '' ? path : `${path}?${environ.QUERY_STRING}`;
  }
  if (raw.startsWith('/')) return raw;
  return /^https?:\/\/[^/?#]+(\/?[^#]*)/i.exec(raw)?.[1] || '/';
}

function normaliseTarget(target: string, rules: KeyRules): string {
  const escaped = target.includes('%') ? normaliseEscapes(target) : target;
  const mark = escaped.indexOf('?');
  if (mark === -1 || (rules.ignoredParameters.size === 0 && !rules.sortQuery)) return escaped;
  let parameters = escaped.slice(mark + 1).split('&');
  parameters = parameters.filter((text) => !rules.ignoredParameters.has(text.split('=', 1)[0] as string));
  // By name only, and stably: repeats of a parameter keep their order, which may have a meaning.
  if (rules.sortQuery) parameters.sort(byName);
  const path = escaped.slice(0, mark);
  return parameters.length === 0 ? path : `${path}?${parameters.join('&')}`;
}

function byName(a: string, b: string): number {
  const [first = ''] = a.split('=', 1);
  const [second = ''] = b.split('=', 1);
  return first === second ? 0 : first < second ? -1 : 1;
}

function normaliseEscapes(text: string): string {
  return text.replaceAll(/%[\da-fA-F]{2}/g, (escape) => {
    const char = String.fromCharCode(Number.parseInt(escape.slice(1), 16));
    return UNRESERVED.test(char) ? char : escape.toUpperCase();
  });
}

import type { Environ, HeaderField, HeaderList } from '@highball/gateway-protocol';
import { environKey } from '@highball/gateway-protocol';
import { isToken } from '@highball/http-parser';
import { ProxyConfigError } from './errors.ts';
import { requestTarget } from './target.ts';

/** What is changed of the fields of a message. Values may hold `{name}`: see {@link VALUE_NAMES}. */
export interface HeaderRules {
  /** Replaces all fields of that name. An empty value, as that of a `{name}` without one, removes them. */
  readonly set?: Readonly<Record<string, string>>;
  /** Adds one, beside those that are there. */
  readonly add?: Readonly<Record<string, string>>;
  readonly remove?: readonly string[];
}

/** What a value may depend on beside the environ. */
export interface ValueContext {
  readonly environ: Environ;
  readonly requestId: string;
  /** The address of the upstream that was chosen; empty before. */
  readonly upstream: string;
}

const VALUES: Readonly<Record<string, (context: ValueContext) => string>> = {
  remote_addr: ({ environ }) => environ.REMOTE_ADDR ?? '',
  remote_port: ({ environ }) => environ.REMOTE_PORT ?? '',
  host: ({ environ }) => environ.HTTP_HOST ?? environ.SERVER_NAME,
  scheme: ({ environ }) => environ['wsgi.url_scheme'],
  method: ({ environ }) => environ.REQUEST_METHOD,
  uri: ({ environ }) => requestTarget(environ),
  path: ({ environ }) => requestTarget(environ).replace(/\?.*$/, ''),
  query: ({ environ }) => environ.QUERY_STRING,
  server_name: ({ environ }) => environ.SERVER_NAME,
  server_port: ({ environ }) => environ.SERVER_PORT,
  protocol: ({ environ }) => environ.SERVER_PROTOCOL,
  request_id: ({ requestId }) => requestId,
  upstream: ({ upstream }) => upstream,
};

/** The names that a value may hold in braces; and `http_…`, a field of the request. */
export const VALUE_NAMES: string = [...Object.keys(VALUES), 'http_…'].join(', ');

/** A value with its names resolved. */
type Template = (context: ValueContext) => string;

/** Rules that were compiled once. */
export interface CompiledRules {
  readonly set: readonly (readonly [name: string, value: Template])[];
  readonly add: readonly (readonly [name: string, value: Template])[];
  /** All names that go, in lower case: those that are removed, and those that are set. */
  readonly dropped: ReadonlySet<string>;
  readonly empty: boolean;
}

/** Fields that frame or route a message: a rule about them would be another message. */
const RESERVED: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'keep-alive',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** @throws ProxyConfigError BAD_OPTION for a name that is none, is this proxy's own, or is not known in braces. */
export function compileRules(rules: HeaderRules = {}): CompiledRules {
  const set = compileValues(rules.set);
  const add = compileValues(rules.add);
  const removed = (rules.remove ?? []).map((name) => checkName(name).toLowerCase());
  return {
    set,
    add,
    dropped: new Set([...removed, ...set.map(([name]) => name.toLowerCase())]),
    empty: set.length === 0 && add.length === 0 && removed.length === 0,
  };
}

/** Applies rules to a list of pairs: a response. */
export function applyToPairs(
  rules: CompiledRules,
  fields: readonly HeaderField[],
  context: ValueContext,
): HeaderList {
  const kept = fields.filter(([name]) => !rules.dropped.has(name.toLowerCase()));
  eachAdded(rules, context, (name, value) => kept.push([name, value]));
  return kept;
}

/** Calls back with what is set and added. */
export function eachAdded(
  rules: CompiledRules,
  context: ValueContext,
  add: (name: string, value: string) => void,
): void {
  for (const list of [rules.set, rules.add]) {
    for (const [name, template] of list) {
      const value = template(context);
      if (value !== '') add(name, value);
    }
  }
}

function compileValues(values: Readonly<Record<string, string>> = {}): (readonly [string, Template])[] {
  return Object.entries(values).map(([name, value]) => [checkName(name), compileTemplate(value)] as const);
}

function checkName(name: string): string {
  if (!isToken(name)) throw new ProxyConfigError(`'${name}' is no name of a field`, 'BAD_OPTION');
  if (RESERVED.has(name.toLowerCase())) {
    throw new ProxyConfigError(`${name} is the proxy's own: no rule may change it`, 'BAD_OPTION');
  }
  return name;
}

function compileTemplate(text: string): Template {
  // oxlint-disable-next-line no-control-regex
  if (/[\0\r\n\u0100-\uffff]/.test(text)) {
    throw new ProxyConfigError(`${JSON.stringify(text)} cannot be sent in a field`, 'BAD_OPTION');
  }
  const parts = text.split(/\{([^{}]*)\}/);
  if (parts.length === 1) return () => text;
  const templates = parts.map((part, i): Template => (i % 2 === 0 ? () => part : valueNamed(part)));
  return (context) => templates.map((template) => template(context)).join('');
}

function valueNamed(name: string): Template {
  const known = VALUES[name];
  if (known !== undefined && Object.hasOwn(VALUES, name)) return (context) => sendable(known(context));
  if (name.startsWith('http_')) {
    const key = environKey(name.slice('http_'.length));
    return ({ environ }) => sendable(environ[key] ?? '');
  }
  throw new ProxyConfigError(`{${name}} is not known; there are ${VALUE_NAMES}`, 'BAD_OPTION');
}

/** Nothing that came from a client may begin another field. */
function sendable(value: string): string {
  // oxlint-disable-next-line no-control-regex
  return value.replaceAll(/[\0-\x08\x0a-\x1f\x7f\u0100-\uffff]/g, '');
}

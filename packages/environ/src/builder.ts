import type { Environ, ErrorStream, InputStream } from '@highball/gateway-protocol';
import { type AddressTest, plainAddress } from '@highball/ip-networks';
import { EnvironError, EnvironOptionError } from './errors.ts';
import { readForwarded } from './forwarded.ts';
import { fieldKey, type HeaderMap } from './keys.ts';
import { splitTarget } from './path.ts';
import { compileAddresses } from './trust.ts';

/** What is needed of a request head: http-parser's has it, and node:http's with other names. */
export interface EnvironHead {
  readonly method: string;
  /** The request target as it was sent. */
  readonly target: string;
  /** The 1 of HTTP/1.1. */
  readonly minorVersion: number;
  /** Flat: name, value, name, value… as `rawHeaders` of node:http. */
  readonly fields: readonly string[];
  /** The authority that counts; without it, that of Host. */
  readonly host?: string | undefined;
  /**
   * Whether `fields` is the very array of an earlier request of the connection, unchanged: then what was made of it
   * is copied. @default false
   */
  readonly repeated?: boolean;
}

/** Who is at the two ends of a connection. */
export interface ConnectionFacts {
  /** The peer's IP address; '' on a Unix socket. */
  readonly remoteAddress: string;
  readonly remotePort: number;
  /** This end's address; on a Unix socket its path. */
  readonly localAddress: string;
  readonly localPort: number;
  /** Whether the connection is TLS. */
  readonly encrypted: boolean;
  readonly unix: boolean;
  /** What else each environ of the connection says, such as SSL_PROTOCOL. @default {} */
  readonly variables?: Readonly<Record<string, string>>;
}

export interface EnvironOptions {
  /**
   * Peers whose Forwarded and X-Forwarded-* are believed: addresses, networks, `unix`, or `*` for all.
   * @default ['127.0.0.1', '::1', 'unix'] (gunicorn's forwarded_allow_ips, and its rule for Unix sockets)
   */
  readonly forwardedAllowIps?: readonly string[];
  /** What becomes of names with an underscore. @default 'drop' (gunicorn's header_map) */
  readonly headerMap?: HeaderMap;
  /** Where the application is mounted: SCRIPT_NAME. @default '' */
  readonly rootPath?: string;
  /** `wsgi.multithread`. @default false */
  readonly multithread?: boolean;
  /** `wsgi.multiprocess`. @default false */
  readonly multiprocess?: boolean;
  /** `wsgi.run_once`. @default false */
  readonly runOnce?: boolean;
  /**
   * Keys that the caller sets in each environ as soon as it gets it: to keep a place for them costs less than to
   * make one. @default []
   */
  readonly reservedKeys?: readonly (string | symbol)[];
  /** Keys with the same value in each environ, such as who serves it. @default {} */
  readonly constants?: Readonly<Record<string, unknown>>;
}

/** Makes the environ of one request. */
export type EnvironBuilder = (
  head: EnvironHead,
  connection: ConnectionFacts,
  input: InputStream,
  errors: ErrorStream,
) => Environ;

const FORWARDED_ALLOW_IPS = ['127.0.0.1', '::1', 'unix'];
const VERSION: readonly [number, number] = Object.freeze([1, 0] as const);

/**
 * Compiles the options into a function that packs requests (PEP 3333, "environ Variables"; RFC 3875 §4.1).
 * @throws EnvironOptionError when an option makes no sense.
 */
export function createEnvironBuilder(options: EnvironOptions = {}): EnvironBuilder {
  const settings = resolveOptions(options);
  const patterns = new WeakMap<readonly string[], Pattern>();
  return (head, connection, input, errors) => {
    if (head.repeated !== true) return buildEnviron(head, connection, input, errors, settings);
    const pattern = patterns.get(head.fields);
    if (pattern?.connection === connection && pattern.host === head.host) {
      return copyEnviron(pattern.environ, head, input, errors, settings);
    }
    const environ = buildEnviron(head, connection, input, errors, settings);
    patterns.set(head.fields, { environ: { ...environ }, connection, host: head.host });
    return environ;
  };
}

interface Settings extends Required<Omit<EnvironOptions, 'forwardedAllowIps'>> {
  readonly isTrusted: AddressTest;
}

/** What was made of fields that a client repeats. */
interface Pattern {
  readonly environ: Environ;
  readonly connection: ConnectionFacts;
  readonly host: string | undefined;
}

function resolveOptions(options: EnvironOptions): Settings {
  return {
    isTrusted: compileAddresses(options.forwardedAllowIps ?? FORWARDED_ALLOW_IPS),
    headerMap: options.headerMap ?? 'drop',
    rootPath: checkRootPath(options.rootPath ?? ''),
    multithread: options.multithread ?? false,
    multiprocess: options.multiprocess ?? false,
    runOnce: options.runOnce ?? false,
    reservedKeys: options.reservedKeys ?? [],
    constants: options.constants ?? {},
  };
}

function buildEnviron(
  head: EnvironHead,
  connection: ConnectionFacts,
  input: InputStream,
  errors: ErrorStream,
  settings: Settings,
): Environ {
  const { isTrusted, rootPath } = settings;
  const { path, query } = splitTarget(head.target);
  const trusted = isTrusted(connection.remoteAddress);
  // One literal with all usual keys: every environ has the same hidden class when the fields are added.
  const environ: Environ = {
    REQUEST_METHOD: head.method,
    SCRIPT_NAME: rootPath,
    PATH_INFO: belowRoot(path, rootPath),
    QUERY_STRING: query,
    SERVER_NAME: '',
    SERVER_PORT: '',
    SERVER_PROTOCOL: protocolOf(head),
    REMOTE_ADDR: plainRemote(connection.remoteAddress),
    REMOTE_PORT: connection.unix ? '' : String(connection.remotePort),
    RAW_URI: head.target,
    'wsgi.version': VERSION,
    'wsgi.url_scheme': connection.encrypted ? 'https' : 'http',
    'wsgi.input': input,
    'wsgi.errors': errors,
    'wsgi.multithread': settings.multithread,
    'wsgi.multiprocess': settings.multiprocess,
    'wsgi.run_once': settings.runOnce,
    'wsgi.input_terminated': true,
  };
  const places = environ as unknown as Record<PropertyKey, unknown>;
  for (const key of settings.reservedKeys) places[key] = undefined;
  Object.assign(places, settings.constants);
  if (connection.variables !== undefined) Object.assign(places, connection.variables);
  const forwarded = addFields(environ, head.fields, settings.headerMap, trusted);
  if (head.host !== undefined) environ.HTTP_HOST = head.host;
  if (forwarded) believe(environ, isTrusted);
  nameServer(environ, connection);
  if (environ['wsgi.url_scheme'] === 'https') environ.HTTPS = 'on';
  return environ;
}

/** The environ of a request that has the fields and the connection of an earlier one. */
function copyEnviron(
  pattern: Environ,
  head: EnvironHead,
  input: InputStream,
  errors: ErrorStream,
  { rootPath }: Settings,
): Environ {
  const { path, query } = splitTarget(head.target);
  const environ = { ...pattern };
  environ.REQUEST_METHOD = head.method;
  environ.PATH_INFO = belowRoot(path, rootPath);
  environ.QUERY_STRING = query;
  environ.SERVER_PROTOCOL = protocolOf(head);
  environ.RAW_URI = head.target;
  environ['wsgi.input'] = input;
  environ['wsgi.errors'] = errors;
  return environ;
}

function protocolOf(head: EnvironHead): string {
  return head.minorVersion === 0 ? 'HTTP/1.0' : 'HTTP/1.1';
}

/** Adds the fields; says whether a trusted peer told of its client. */
function addFields(
  environ: Environ,
  fields: readonly string[],
  headerMap: HeaderMap,
  trusted: boolean,
): boolean {
  let forwarded = false;
  for (let i = 0; i < fields.length; i += 2) {
    const { key, kind } = fieldKey(fields[i] as string);
    const value = fields[i + 1] as string;
    if (kind === 'forwarded') {
      if (!trusted) continue;
      forwarded = true;
    } else if (kind === 'dropped') {
      continue;
    } else if (kind === 'underscore' && !keepsUnderscore(fields[i] as string, headerMap)) {
      continue;
    }
    const before = environ[key] as string | undefined;
    // RFC 6265 §5.4 and PEP 3333: cookies join by a semicolon, everything else by a comma.
    environ[key] = before === undefined ? value : before + (kind === 'cookie' ? '; ' : ',') + value;
  }
  return forwarded;
}

function keepsUnderscore(name: string, headerMap: HeaderMap): boolean {
  if (headerMap === 'dangerous') return true;
  if (headerMap === 'drop') return false;
  throw new EnvironError('UNDERSCORE_IN_NAME', `the field name ${name} has an underscore`);
}

/** Lets a trusted proxy's client take the peer's place. */
function believe(environ: Environ, isTrusted: AddressTest): void {
  const { address, scheme, host } = readForwarded(environ, isTrusted);
  if (address !== undefined) {
    environ.REMOTE_ADDR = address;
    environ.REMOTE_PORT = '';
  }
  if (scheme !== undefined) environ['wsgi.url_scheme'] = scheme;
  if (host !== undefined) environ.HTTP_HOST = host;
}

/** SERVER_NAME and SERVER_PORT: what the client called this server, else where it listens. */
function nameServer(environ: Environ, connection: ConnectionFacts): void {
  const host = environ.HTTP_HOST;
  const usualPort = environ['wsgi.url_scheme'] === 'https' ? '443' : '80';
  if (host === undefined || host === '') {
    environ.SERVER_NAME = connection.unix ? 'localhost' : plainAddress(connection.localAddress);
    environ.SERVER_PORT = connection.unix ? usualPort : String(connection.localPort);
    return;
  }
  const colon = host.lastIndexOf(':');
  const hasPort = colon !== -1 && host.indexOf(']', colon) === -1;
  environ.SERVER_NAME = hasPort ? host.slice(0, colon) : host;
  environ.SERVER_PORT = (hasPort && host.slice(colon + 1)) || usualPort;
}

function plainRemote(address: string): string {
  return address.startsWith('::ffff:') ? plainAddress(address) : address;
}

/** The path below the root path; whatever is not there is not this application's. */
function belowRoot(path: string, rootPath: string): string {
  if (rootPath === '') return path;
  if (path === rootPath || path.startsWith(`${rootPath}/`)) return path.slice(rootPath.length);
  throw new EnvironError('OUTSIDE_ROOT_PATH', `the path is not below ${rootPath}`);
}

function checkRootPath(rootPath: string): string {
  if (rootPath === '' || /^(\/[^/]+)+$/.test(rootPath)) return rootPath;
  throw new EnvironOptionError(`rootPath must be like '/app', not '${rootPath}'`);
}

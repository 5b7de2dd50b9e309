import type { Environ } from '@highball/gateway-protocol';
import { CgiRequestError } from './errors.ts';

/** Which program is run, and under which name. */
export interface Script {
  /** The path of the program in the file system. */
  readonly program: string;
  /** SCRIPT_NAME: the part of the path that led to it. */
  readonly name: string;
  /** PATH_INFO: the rest of the path, decoded. */
  readonly pathInfo: string;
}

/** What the variables depend on, beside the request. */
export interface VariableOptions {
  readonly env: Readonly<Record<string, string>>;
  readonly documentRoot: string | undefined;
  readonly scriptFilename: string | undefined;
  readonly passAuthorization: boolean;
}

/** Variables that are passed on as they are, where the server has them. */
const PLAIN = [
  'AUTH_TYPE',
  'CONTENT_TYPE',
  'HTTPS',
  'QUERY_STRING',
  'REMOTE_ADDR',
  'REMOTE_IDENT',
  'REMOTE_PORT',
  'REMOTE_USER',
  'REQUEST_METHOD',
  'SERVER_NAME',
  'SERVER_PORT',
  'SERVER_PROTOCOL',
] as const;

/**
 * Fields that no program gets: HTTP_PROXY is taken for a setting (httpoxy, CVE-2016-5385), the other ones are about a
 * connection that the program does not see (RFC 3875 §4.1.18).
 */
const WITHHELD: ReadonlySet<string> = new Set([
  'HTTP_PROXY',
  'HTTP_PROXY_CONNECTION',
  'HTTP_CONNECTION',
  'HTTP_KEEP_ALIVE',
  'HTTP_TE',
  'HTTP_TRAILER',
  'HTTP_TRANSFER_ENCODING',
  'HTTP_UPGRADE',
  'HTTP_CONTENT_LENGTH',
  'HTTP_CONTENT_TYPE',
]);
const CREDENTIALS: ReadonlySet<string> = new Set(['HTTP_AUTHORIZATION', 'HTTP_PROXY_AUTHORIZATION']);
/** What a shell could export; other characters would be somebody's trick (Shellshock's names, for one). */
const FIELD_KEY = /^HTTP_[A-Z0-9_]+$/;

/**
 * The environment of a program: the meta-variables (RFC 3875 §4.1) and the customary ones beside them. Nothing is
 * taken from the server's own environment.
 * @param contentLength - of the body that the program will get; undefined without a body.
 * @throws CgiRequestError BAD_VARIABLE: a value that no environment can hold.
 */
export function metaVariables(
  environ: Environ,
  script: Script,
  contentLength: number | undefined,
  options: VariableOptions,
): Record<string, string> {
  const latin1: Record<string, string> = { SCRIPT_NAME: script.name, PATH_INFO: script.pathInfo };
  for (const key of PLAIN) {
    const value = environ[key];
    if (typeof value === 'string' && value !== '') latin1[key] = value;
  }
  addFields(latin1, environ, options.passAuthorization);
  if (environ.RAW_URI !== undefined) latin1['REQUEST_URI'] = environ.RAW_URI;
  return {
    // §4.1.7, §4.1.8: these are always there; the address stands for the name that nobody looked up (§4.1.9).
    QUERY_STRING: '',
    REMOTE_ADDR: '',
    REMOTE_HOST: environ.REMOTE_ADDR ?? '',
    ...decode(latin1),
    ...(contentLength !== undefined && { CONTENT_LENGTH: String(contentLength) }),
    ...files(script, options),
    GATEWAY_INTERFACE: 'CGI/1.1',
    SERVER_SOFTWARE: 'highball',
    REQUEST_SCHEME: environ['wsgi.url_scheme'],
    // php-cgi answers nobody who could have asked for it directly, unless this is set.
    REDIRECT_STATUS: '200',
    ...options.env,
  };
}

function addFields(variables: Record<string, string>, environ: Environ, passAuthorization: boolean): void {
  for (const key in environ) {
    if (!FIELD_KEY.test(key) || WITHHELD.has(key) || (!passAuthorization && CREDENTIALS.has(key))) continue;
    const value = environ[key];
    if (typeof value === 'string') variables[key] = value;
  }
}

/** SCRIPT_FILENAME, DOCUMENT_ROOT and PATH_TRANSLATED, which stands for PATH_INFO below the document root (§4.1.6). */
function files(script: Script, options: VariableOptions): Record<string, string> {
  const { documentRoot, scriptFilename = script.program } = options;
  if (documentRoot === undefined) return { SCRIPT_FILENAME: scriptFilename };
  const variables = { SCRIPT_FILENAME: scriptFilename, DOCUMENT_ROOT: documentRoot };
  // A program may open what this names: a path that climbs out of the document root is not translated.
  if (script.pathInfo === '' || script.pathInfo.split('/').includes('..')) return variables;
  const path = utf8('PATH_INFO', script.pathInfo);
  return { ...variables, PATH_TRANSLATED: documentRoot + path };
}

function decode(latin1: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(latin1).map(([key, value]) => [key, utf8(key, value)]));
}

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * The text whose UTF-8 is these bytes: Node encodes an environment as UTF-8, and has no way to pass other bytes. A path
 * or query that is no UTF-8 would name something else then; in a field the strange bytes are replaced.
 */
function utf8(key: string, latin1: string): string {
  if (latin1.includes('\0')) throw new CgiRequestError('BAD_VARIABLE', `${key} has NUL in it`);
  // oxlint-disable-next-line no-control-regex
  if (/^[\0-\x7f]*$/.test(latin1)) return latin1;
  const bytes = Buffer.from(latin1, 'latin1');
  if (key.startsWith('HTTP_')) return bytes.toString('utf8');
  try {
    return strict.decode(bytes);
  } catch {
    throw new CgiRequestError('BAD_VARIABLE', `${key} is no UTF-8`);
  }
}

import type { Environ } from '@highball/gateway-protocol';
import { hasMethods, kindOf, type Report, show } from './report.ts';
import type { GatewayRuleCode } from './rules.ts';

const REQUIRED_VARIABLES = [
  'REQUEST_METHOD',
  'SCRIPT_NAME',
  'PATH_INFO',
  'QUERY_STRING',
  'SERVER_NAME',
  'SERVER_PORT',
  'SERVER_PROTOCOL',
] as const;
const OPTIONAL_VARIABLES = [
  'CONTENT_TYPE',
  'CONTENT_LENGTH',
  'REMOTE_ADDR',
  'REMOTE_PORT',
  'HTTPS',
  'RAW_URI',
] as const;
const FLAGS = ['wsgi.multithread', 'wsgi.multiprocess', 'wsgi.run_once'] as const;
const REQUIRED_KEYS = [
  ...REQUIRED_VARIABLES,
  'wsgi.version',
  'wsgi.url_scheme',
  'wsgi.input',
  'wsgi.errors',
  ...FLAGS,
];
const CALLABLES = [
  'wsgi.early_hints',
  'wsgi.file_wrapper',
  'highball.upgrade',
  'highball.trailers',
  'highball.send_trailers',
  'highball.signal',
  'highball.draining',
];
const INPUT_METHODS = ['read', 'readline', 'readlines', Symbol.asyncIterator];
const ERROR_METHODS = ['write', 'writelines', 'flush'];

/** What a variable looks like when it is a string at all. */
interface Form {
  readonly key: string;
  readonly code: GatewayRuleCode;
  readonly pattern: RegExp;
  readonly mend: string;
}

const FORMS: readonly Form[] = [
  {
    key: 'REQUEST_METHOD',
    code: 'ENVIRON_METHOD',
    pattern: /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/,
    mend: "pass on the method of the request line, as 'GET'",
  },
  {
    key: 'SCRIPT_NAME',
    code: 'ENVIRON_SCRIPT_NAME',
    pattern: /^(?:\/[^]*[^/])?$/,
    mend: "write '' for the root, and leave the slash behind a mount point to PATH_INFO",
  },
  {
    key: 'PATH_INFO',
    code: 'ENVIRON_PATH_INFO',
    pattern: /^(?:\/|$)/,
    mend: 'keep the slash when the mount point is cut off',
  },
  {
    key: 'QUERY_STRING',
    code: 'ENVIRON_QUERY_STRING',
    // oxlint-disable-next-line no-control-regex
    pattern: /^[^\0-\x20\x7f]*$/,
    mend: 'do not decode it',
  },
  {
    key: 'CONTENT_LENGTH',
    code: 'ENVIRON_CONTENT_LENGTH',
    pattern: /^\d*$/,
    mend: 'refuse the request, or leave the key out when the length is not known',
  },
  { key: 'SERVER_NAME', code: 'ENVIRON_SERVER_NAME', pattern: /./, mend: 'take Host, or the local address' },
  {
    key: 'SERVER_PORT',
    code: 'ENVIRON_SERVER_PORT',
    pattern: /^\d+$/,
    mend: 'take the port of Host, or of the listening socket, as a string of digits',
  },
  {
    key: 'SERVER_PROTOCOL',
    code: 'ENVIRON_SERVER_PROTOCOL',
    pattern: /^HTTP\/\d(?:\.\d)?$/,
    mend: "write it as 'HTTP/1.1'",
  },
  {
    key: 'REMOTE_PORT',
    code: 'ENVIRON_REMOTE_PORT',
    pattern: /^\d*$/,
    mend: "write '' where there is none",
  },
  {
    key: 'RAW_URI',
    code: 'ENVIRON_RAW_URI',
    // oxlint-disable-next-line no-control-regex
    pattern: /^[^\0-\x20\x7f]+$/,
    mend: 'take the target of the request line, not decoded',
  },
];

/** Checks what a server has put into `environ` (PEP 3333, "environ Variables"; RFC 3875 §4.1). */
export function checkEnviron(environ: unknown, report: Report): environ is Environ {
  if (!isPlain(environ)) {
    report('ENVIRON_NOT_PLAIN', `environ is ${kindOf(environ)} that is not plain, or frozen; use a literal`);
    return false;
  }
  for (const key of REQUIRED_KEYS) {
    if (environ[key] === undefined) report('ENVIRON_KEY_MISSING', `environ has no ${key}; set it`);
  }
  for (const key of [...REQUIRED_VARIABLES, ...OPTIONAL_VARIABLES]) checkString(environ, key, report);
  for (const key of Object.keys(environ)) if (key.startsWith('HTTP_')) checkField(environ, key, report);
  for (const form of FORMS) checkForm(environ, form, report);
  checkPaths(environ, report);
  checkHttps(environ, report);
  checkWsgiKeys(environ, report);
  return true;
}

function isPlain(value: unknown): value is Environ {
  if (typeof value !== 'object' || value === null || !Object.isExtensible(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  // Of another realm (a worker's vm context), Object.prototype is another one: it has no prototype either.
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/** Whether there is a string; reports what is none, or no latin-1. */
function checkString(environ: Environ, key: string, report: Report): boolean {
  const value = environ[key];
  if (value === undefined) return false;
  if (typeof value !== 'string') {
    report('ENVIRON_NOT_STRING', `${key} of environ is ${show(value)}; make it a string`);
    return false;
  }
  if (!isLatin1(value)) {
    const mend = 'pass the bytes on, one character each';
    report('ENVIRON_NOT_LATIN1', `${key} of environ is ${show(value)}, which is no latin-1; ${mend}`);
  }
  return true;
}

/** Whether each character stands for a byte. */
export function isLatin1(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0xff) return false;
  return true;
}

function checkField(environ: Environ, key: string, report: Report): void {
  if (key === 'HTTP_CONTENT_TYPE' || key === 'HTTP_CONTENT_LENGTH') {
    report('ENVIRON_HTTP_CONTENT', `environ has ${key}; name it ${key.slice('HTTP_'.length)}`);
  } else if (!/^HTTP_[!#$%&'*+.^_`|~0-9A-Z]+$/.test(key)) {
    report('ENVIRON_FIELD_KEY', `environ has ${show(key)}; use upper case, and _ for -`);
  }
  if (!checkString(environ, key, report)) return;
  // oxlint-disable-next-line no-control-regex
  if (/[\0\r\n]/.test(environ[key] as string)) {
    const mend = 'refuse such a request';
    report('ENVIRON_FIELD_VALUE', `${key} of environ is ${show(environ[key])}; ${mend}`);
  }
}

function checkForm(environ: Environ, { key, code, pattern, mend }: Form, report: Report): void {
  const value = environ[key];
  if (typeof value !== 'string' || pattern.test(value)) return;
  report(code, `${key} of environ is ${show(value)}; ${mend}`);
}

/** CONNECT asks for an authority and `OPTIONS *` for the server: these have no path (RFC 9112 §3.2.3, §3.2.4). */
function checkPaths(environ: Environ, report: Report): void {
  if (environ.SCRIPT_NAME !== '' || environ.PATH_INFO !== '') return;
  if (environ.REQUEST_METHOD === 'CONNECT' || environ.RAW_URI === '*') return;
  report('ENVIRON_NO_PATH', "SCRIPT_NAME and PATH_INFO of environ are both empty; the root's path is '/'");
}

function checkHttps(environ: Environ, report: Report): void {
  const { HTTPS } = environ;
  if (typeof HTTPS !== 'string' || (HTTPS === 'on' && environ['wsgi.url_scheme'] === 'https')) return;
  const scheme = show(environ['wsgi.url_scheme']);
  report('ENVIRON_HTTPS', `HTTPS of environ is ${show(HTTPS)} with the scheme ${scheme}; leave it out`);
}

function checkWsgiKeys(environ: Environ, report: Report): void {
  const version: unknown = environ['wsgi.version'];
  if (version !== undefined && !isVersion(version))
    report('WSGI_VERSION', `wsgi.version of environ is ${show(version)}; write [1, 0]`);
  const scheme: unknown = environ['wsgi.url_scheme'];
  if (scheme !== undefined && scheme !== 'http' && scheme !== 'https')
    report('WSGI_URL_SCHEME', `wsgi.url_scheme of environ is ${show(scheme)}; write 'http' or 'https'`);
  for (const key of [...FLAGS, 'wsgi.input_terminated']) {
    const flag = environ[key];
    if (flag !== undefined && typeof flag !== 'boolean')
      report('WSGI_FLAG', `${key} of environ is ${show(flag)}; write true or false`);
  }
  if (environ['wsgi.input'] !== undefined && !hasMethods(environ['wsgi.input'], INPUT_METHODS))
    report(
      'WSGI_INPUT',
      'wsgi.input lacks one of read, readline, readlines and [Symbol.asyncIterator]; add it',
    );
  if (environ['wsgi.errors'] !== undefined && !hasMethods(environ['wsgi.errors'], ERROR_METHODS))
    report('WSGI_ERRORS', 'wsgi.errors lacks one of write, writelines and flush; add it');
  for (const key of CALLABLES) {
    const callable = environ[key];
    if (callable !== undefined && typeof callable !== 'function')
      report('OPTIONAL_NOT_FUNCTION', `${key} of environ is ${show(callable)}; leave it out`);
  }
}

function isVersion(value: unknown): boolean {
  return Array.isArray(value) && value.length === 2 && value[0] === 1 && value[1] === 0;
}

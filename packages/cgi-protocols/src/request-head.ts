import { RemoteProtocolError } from './errors.ts';
import { variable, type Variables } from './variables.ts';

/** A request as HTTP has it, out of variables: what a server of HTTP needs to treat it like one of its own. */
export interface CgiRequestHead {
  readonly method: string;
  /**
   * The target as the client sent it (REQUEST_URI); where the web server has rewritten it since, one that says what
   * PATH_INFO and QUERY_STRING do.
   */
  readonly target: string;
  readonly minorVersion: 0 | 1;
  /** Flat: name, value, name, value…; Content-Length and Content-Type among them. */
  readonly fields: readonly string[];
  /** The Host field. */
  readonly host: string | undefined;
  readonly contentLength: number;
}

/** Who is at the ends of the client's connection, as the web server saw it. */
export interface CgiClient {
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localAddress: string;
  readonly localPort: number;
  readonly encrypted: boolean;
}

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/** Visible ASCII and obs-text, as in a request line; no space. */
const TARGET = /^[!-~\x80-\xff]+$/;
// oxlint-disable-next-line no-control-regex
const FORBIDDEN = /[\0\r\n]/;
/**
 * What nginx has sent already as CONTENT_LENGTH and CONTENT_TYPE, and the framing of its client's connection: here
 * they could only contradict. And httpoxy (CVE-2016-5385): a field Proxy would become the HTTP_PROXY of programs.
 */
const NO_FIELDS: ReadonlySet<string> = new Set([
  'HTTP_CONTENT_LENGTH',
  'HTTP_CONTENT_TYPE',
  'HTTP_TRANSFER_ENCODING',
  'HTTP_PROXY',
]);

/**
 * Makes a request head of variables (RFC 3875 §4.1): what nginx's `uwsgi_params`, `fastcgi_params` and `scgi_params`
 * send. Proxy's own variables (REMOTE_USER…) are not fields, and do not become any.
 * @throws RemoteProtocolError BAD_REQUEST when there is no method or path, or what could not have stood in a head.
 */
export function requestHeadOf(variables: Variables, contentLength: number): CgiRequestHead {
  const method = variable(variables, 'REQUEST_METHOD') ?? '';
  if (!TOKEN.test(method)) throw new RemoteProtocolError('BAD_REQUEST', 'no REQUEST_METHOD');
  const target = targetOf(variables);
  if (!TARGET.test(target) || !(target.startsWith('/') || target === '*'))
    throw new RemoteProtocolError('BAD_REQUEST', 'no REQUEST_URI');
  const protocol = variable(variables, 'SERVER_PROTOCOL');
  return {
    method,
    target,
    minorVersion: protocol === 'HTTP/1.0' ? 0 : 1,
    fields: fieldsOf(variables),
    host: variable(variables, 'HTTP_HOST'),
    contentLength,
  };
}

/** Who asked, out of variables; an empty address where the web server does not say. */
export function clientOf(variables: Variables): CgiClient {
  const https = variable(variables, 'HTTPS') ?? '';
  return {
    remoteAddress: variable(variables, 'REMOTE_ADDR') ?? '',
    remotePort: portOf(variable(variables, 'REMOTE_PORT')),
    localAddress: variable(variables, 'SERVER_ADDR') ?? '',
    localPort: portOf(variable(variables, 'SERVER_PORT')),
    encrypted: https === 'on' || https === '1' || variable(variables, 'REQUEST_SCHEME') === 'https',
  };
}

function portOf(text: string | undefined): number {
  return text !== undefined && /^\d{1,5}$/.test(text) ? Number(text) : 0;
}

/**
 * Two words for one thing must not differ: who decides by the path and who passes the target on would take it for two
 * requests. What the web server decided by is the path (RFC 3875 §4.1.5).
 */
function targetOf(variables: Variables): string {
  const uri = variable(variables, 'REQUEST_URI');
  const path = variable(variables, 'PATH_INFO');
  if (uri === undefined) return composeTarget(variables);
  if (path === undefined) return uri;
  const script = variable(variables, 'SCRIPT_NAME') ?? '';
  const mark = uri.indexOf('?');
  const asked = decodePercent(mark === -1 ? uri : uri.slice(0, mark));
  const query = mark === -1 ? '' : uri.slice(mark + 1);
  if (query !== (variable(variables, 'QUERY_STRING') ?? query)) return composeTarget(variables);
  // nginx's PATH_INFO has the SCRIPT_NAME in it, where one is set by hand (uWSGI: manage-script-name).
  const same = asked === script + path || (asked === path && path.startsWith(`${script}/`));
  return same ? uri : composeTarget(variables);
}

function composeTarget(variables: Variables): string {
  const path = (variable(variables, 'SCRIPT_NAME') ?? '') + (variable(variables, 'PATH_INFO') ?? '');
  const query = variable(variables, 'QUERY_STRING') ?? '';
  const encoded = path.replaceAll(
    /[^A-Za-z0-9\-._~!$&'()*+,;=:@/]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
  );
  return query === '' ? encoded : `${encoded}?${query}`;
}

function decodePercent(text: string): string {
  return text.replaceAll(/%([0-9a-f]{2})/gi, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
}

function fieldsOf(variables: Variables): string[] {
  const fields: string[] = [];
  for (let i = 0; i < variables.length; i += 2) {
    const key = variables[i] as string;
    const value = variables[i + 1] as string;
    const name = nameOf(key);
    if (name === undefined || (value === '' && !key.startsWith('HTTP_'))) continue;
    if (!TOKEN.test(name) || FORBIDDEN.test(value)) {
      throw new RemoteProtocolError('BAD_REQUEST', `the variable ${JSON.stringify(key)} is no field`);
    }
    fields.push(name, value);
  }
  return fields;
}

function nameOf(key: string): string | undefined {
  if (key === 'CONTENT_TYPE') return 'content-type';
  if (key === 'CONTENT_LENGTH') return 'content-length';
  if (!key.startsWith('HTTP_') || NO_FIELDS.has(key)) return undefined;
  return key.slice('HTTP_'.length).toLowerCase().replaceAll('_', '-');
}

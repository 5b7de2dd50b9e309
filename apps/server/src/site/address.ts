import type { Environ } from '@highball/gateway-protocol';
import { CommandError } from '../errors.ts';
import type { Captures } from './match.ts';

/** Writes an address out of what a route captured. */
export type AddressTemplate = (captures: Captures) => string;

/**
 * Compiles `/blogs/{year}/`: each `{name}` becomes what was captured, percent-encoded (its slashes are kept).
 * @param names - what the route captures.
 * @throws CommandError when the template has a name that the route does not capture.
 */
export function compileTemplate(template: string, names: readonly string[], place: string): AddressTemplate {
  const parts = template.replaceAll(/[^\x21-\x7e]+/g, encodeURIComponent).split(/\{(\w+)\}/);
  const unknown = parts.find((part, index) => index % 2 === 1 && !names.includes(part));
  if (unknown !== undefined) {
    const known = names.map((name) => `{${name}}`).join(', ') || 'nothing';
    throw new CommandError(`${place} '${template}' uses {${unknown}}, but the route captures ${known}`);
  }
  return (captures) =>
    parts.map((part, index) => (index % 2 === 0 ? part : encodeCapture(captures[part] ?? ''))).join('');
}

function encodeCapture(value: string): string {
  return encodeURIComponent(value.toWellFormed()).replaceAll('%2F', '/');
}

/** Joins the query of a request to an address that may have one already. */
export function withQuery(address: string, query: string): string {
  if (query === '') return address;
  return `${address}${address.includes('?') ? '&' : '?'}${query}`;
}

/**
 * A `Location` that stays on this host unless the template names another one: a captured `//evil.example` must
 * not become an authority (RFC 3986 §4.2, network-path reference).
 */
export function localAddress(address: string): string {
  return address.replace(/^[/\\]{2,}/, '/');
}

/** The environ of the same request at another address. */
export function readdress(environ: Environ, address: string): Environ {
  const [path = '', query = ''] = splitQuery(address);
  return {
    ...environ,
    SCRIPT_NAME: '',
    PATH_INFO: decodePercent(path),
    QUERY_STRING: query,
    RAW_URI: address,
    'highball.original_uri': environ['highball.original_uri'] ?? environ.RAW_URI,
  };
}

function splitQuery(address: string): [path: string, query: string] {
  const mark = address.indexOf('?');
  return mark === -1 ? [address, ''] : [address.slice(0, mark), address.slice(mark + 1)];
}

/** Percent-decodes to latin-1, one character a byte, as `PATH_INFO` has it. */
function decodePercent(path: string): string {
  return path.replaceAll(/%([0-9a-f]{2})/gi, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
}

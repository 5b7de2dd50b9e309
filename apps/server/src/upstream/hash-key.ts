import type { Environ } from '@highball/gateway-protocol';
import type { HashKey } from './config.ts';

/** Reads out of a request what its server is chosen by. */
export type ReadKey = (environ: Environ) => string;

/** Compiles what the strategies that hash go by; what a request does not have is '' and the same for all such. */
export function compileHashKey(key: HashKey = 'address'): ReadKey {
  if (typeof key === 'function') return key;
  if (typeof key === 'object') return compileNamed(key);
  return READERS[key];
}

const READERS: Readonly<Record<Extract<HashKey, string>, ReadKey>> = {
  address: (environ) => environ.REMOTE_ADDR ?? '',
  path: ({ SCRIPT_NAME, PATH_INFO }) => SCRIPT_NAME + PATH_INFO,
  uri: (environ) => environ.RAW_URI ?? `${environ.SCRIPT_NAME}${environ.PATH_INFO}?${environ.QUERY_STRING}`,
  host: (environ) => (environ.HTTP_HOST ?? '').toLowerCase(),
};

function compileNamed(key: Extract<HashKey, object>): ReadKey {
  if (typeof key === 'function') return key;
  if ('header' in key) {
    const name = `HTTP_${key.header.toUpperCase().replaceAll('-', '_')}`;
    return (environ) => String(environ[name] ?? '');
  }
  if ('cookie' in key) return (environ) => cookieOf(environ.HTTP_COOKIE ?? '', key.cookie);
  return (environ) => new URLSearchParams(environ.QUERY_STRING).get(key.query) ?? '';
}

/** The first cookie of a name (RFC 6265 §4.2.1). */
function cookieOf(field: string, name: string): string {
  const pair = field.split(';').find((part) => part.trimStart().startsWith(`${name}=`));
  return pair?.slice(pair.indexOf('=') + 1).trim() ?? '';
}

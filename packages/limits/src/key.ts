import { createHash } from 'node:crypto';
import { type Environ, environKey, requestField } from '@highball/gateway-protocol';
import { addressKey } from './address.ts';
import { LimitsOptionError } from './errors.ts';

/**
 * By what requests are told apart: the client's address, by its network; a field of the request, and by the address
 * where a request has none, or a limit would be avoided by leaving it out; or a function, whose `undefined` means
 * that the limit is not for this request.
 */
export type Key =
  | 'address'
  | {
      /** Bits of an IPv4 address that make a client. @default 32 */
      readonly ipv4Prefix?: number;
      /** Bits of an IPv6 address that make a client. @default 64 */
      readonly ipv6Prefix?: number;
    }
  | {
      /** The name of a field, such as `X-Api-Key`. Clients choose it: limit the address, too. */
      readonly header: string;
      /** A longer value is known by its hash. @default 64 */
      readonly maxLength?: number;
    }
  | ((environ: Environ) => string | undefined);

/** Finds the key of a request. */
export type KeyReader = (environ: Environ) => string | undefined;

/** Without an address, as on a Unix socket: all of them are one client, as nginx has it. */
const LOCAL = 'unix:';
const MAX_KEY_LENGTH = 256;
const DEFAULT_HEADER_LENGTH = 64;

/** @throws LimitsOptionError */
export function compileKey(key: Key = 'address'): KeyReader {
  if (typeof key === 'function') return (environ) => shorten(key(environ), MAX_KEY_LENGTH);
  if (key === 'address') return byAddress(32, 64);
  if ('header' in key) return byHeader(key.header, key.maxLength ?? DEFAULT_HEADER_LENGTH);
  const { ipv4Prefix = 32, ipv6Prefix = 64 } = key;
  checkBits('ipv4Prefix', ipv4Prefix, 32);
  checkBits('ipv6Prefix', ipv6Prefix, 128);
  return byAddress(ipv4Prefix, ipv6Prefix);
}

function checkBits(name: string, bits: number, most: number): void {
  if (Number.isInteger(bits) && bits >= 0 && bits <= most) return;
  throw new LimitsOptionError(`${name} must be from 0 to ${most}, not ${bits}`);
}

function byAddress(ipv4Prefix: number, ipv6Prefix: number): KeyReader {
  return ({ REMOTE_ADDR }) => (REMOTE_ADDR ? addressKey(REMOTE_ADDR, ipv4Prefix, ipv6Prefix) : LOCAL);
}

function byHeader(name: string, maxLength: number): KeyReader {
  if (!/^[\w!#$%&'*+.^`|~-]+$/.test(name)) throw new LimitsOptionError(`'${name}' is no name of a field`);
  if (!(maxLength >= 1 && maxLength <= MAX_KEY_LENGTH)) {
    throw new LimitsOptionError(`maxLength must be from 1 to ${MAX_KEY_LENGTH}, not ${maxLength}`);
  }
  const address = byAddress(32, 64);
  const prefix = `${environKey(name)}=`;
  return (environ) => {
    const value = requestField(environ, name);
    // The prefix: no value is an address.
    return value ? prefix + (shorten(value, maxLength) as string) : address(environ);
  };
}

/** What is too long is known by its hash: different keys stay different, and small. */
function shorten(key: string | undefined, maxLength: number): string | undefined {
  if (key === undefined || key === '') return undefined;
  return key.length <= maxLength ? key : `sha256:${createHash('sha256').update(key).digest('base64url')}`;
}

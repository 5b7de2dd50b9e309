import type { Environ } from '@highball/gateway-protocol';
import { splitQuoted } from '@highball/http-semantics';
import { type AddressTest, plainAddress } from '@highball/ip-networks';
import { isIP } from 'node:net';
import { EnvironError } from './errors.ts';

/** What a trusted proxy says about its client. What it does not say is undefined. */
export interface ClientFacts {
  address: string | undefined;
  scheme: 'http' | 'https' | undefined;
  host: string | undefined;
}

/** Hops that are walked: each costs time, and no real chain is that long. */
const MAX_HOPS = 64;

/**
 * Reads Forwarded (RFC 7239) or X-Forwarded-*, from the right: the last entry was written by the peer, which is
 * trusted; the one before it counts only if the address that the last one names is trusted too, and so on.
 * @throws EnvironError when the proxy contradicts itself, or writes what cannot be read: to guess would mean to
 *   let the client choose.
 */
export function readForwarded(environ: Environ, isTrusted: AddressTest): ClientFacts {
  const standard =
    environ.HTTP_FORWARDED === undefined ? undefined : readStandard(environ.HTTP_FORWARDED, isTrusted);
  const customary = readCustomary(environ, isTrusted);
  if (standard === undefined) return customary;
  return {
    address: agree('address', standard.address, customary.address),
    scheme: agree('scheme', standard.scheme, customary.scheme),
    host: agree('host', standard.host, customary.host),
  };
}

function readCustomary(environ: Environ, isTrusted: AddressTest): ClientFacts {
  const hops = splitList(environ.HTTP_X_FORWARDED_FOR);
  const index = clientIndex(hops.map(readAddress), isTrusted);
  return {
    address: index === -1 ? undefined : readAddress(hops[index] as string),
    scheme: readSchemes(environ),
    host: readHost(lastOf(environ.HTTP_X_FORWARDED_HOST)),
  };
}

/** `Forwarded: for=192.0.2.1;proto=https, for="[2001:db8::1]:4711"` (RFC 7239 §4). */
function readStandard(value: string, isTrusted: AddressTest): ClientFacts {
  const elements = splitQuoted(value, ',').map(readElement);
  if (elements.length > MAX_HOPS) throw malformed('Forwarded has too many elements');
  const index = clientIndex(
    elements.map((element) => readAddress(element.get('for') ?? '')),
    isTrusted,
  );
  const element = elements[index];
  const proto = elements.at(-1)?.get('proto');
  return {
    address: element?.has('for') ? readAddress(element.get('for') as string) : undefined,
    scheme: proto === undefined ? undefined : readScheme(proto),
    host: readHost(elements.at(-1)?.get('host')),
  };
}

/** The first hop from the right that is not trusted, else the leftmost: the client, as far as can be told. */
function clientIndex(addresses: readonly (string | undefined)[], isTrusted: AddressTest): number {
  let index = addresses.length - 1;
  while (index > 0 && addresses[index] !== undefined && isTrusted(addresses[index] as string)) index--;
  return index;
}

/** The scheme that X-Forwarded-Proto and its kin agree on; the last entry is the trusted peer's own. */
function readSchemes(environ: Environ): 'http' | 'https' | undefined {
  const proto = lastOf(environ.HTTP_X_FORWARDED_PROTO);
  const protocol = lastOf(environ['HTTP_X_FORWARDED_PROTOCOL']);
  const ssl = lastOf(environ['HTTP_X_FORWARDED_SSL']);
  const said = [proto, protocol].flatMap((text) => (text === undefined ? [] : [readScheme(text)]));
  if (ssl !== undefined) said.push(ssl.toLowerCase() === 'on' ? 'https' : 'http');
  return said.reduce<'http' | 'https' | undefined>(
    (before, scheme) => agree('scheme', before, scheme),
    undefined,
  );
}

function readScheme(text: string): 'http' | 'https' {
  const scheme = text.toLowerCase();
  if (scheme === 'http' || scheme === 'https') return scheme;
  throw malformed(`the forwarded scheme is '${text.slice(0, 40)}'`);
}

/** A name or an address, with a port or without (RFC 9110 §7.2, RFC 3986 §3.2.2); a client's own may be no better. */
function readHost(text: string | undefined): string | undefined {
  if (text === undefined || /^(?:[\w.~%!$&'()*+,;=-]+|\[[\da-f:.]+\])(?::\d{0,5})?$/i.test(text)) return text;
  throw malformed(`the forwarded host is '${text.slice(0, 40)}'`);
}

function agree<Value>(what: string, first: Value | undefined, second: Value | undefined): Value | undefined {
  if (first === undefined || second === undefined || first === second) return first ?? second;
  throw new EnvironError(
    'CONFLICTING_FORWARDED',
    `a trusted proxy names two different values for the ${what}`,
  );
}

function splitList(value: string | undefined): string[] {
  if (value === undefined) return [];
  const items = value
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
  if (items.length > MAX_HOPS) throw malformed('X-Forwarded-For has too many entries');
  return items;
}

function lastOf(value: string | undefined): string | undefined {
  return value?.slice(value.lastIndexOf(',') + 1).trim() || undefined;
}

/** The address of an entry, without its port; undefined for `unknown` and for hidden names (RFC 7239 §6). */
function readAddress(entry: string): string | undefined {
  const [, bracketed, plain] = /^(?:\[([^\]]+)\](?::\d{1,5})?|([^:]+)(?::\d{1,5})?)$/.exec(entry) ?? [];
  const address = plainAddress(bracketed ?? plain ?? entry);
  return isIP(address) === 0 ? undefined : address;
}

function readElement(text: string): Map<string, string> {
  const pairs = new Map<string, string>();
  for (const pair of splitQuoted(text, ';')) {
    const [, name, token, quoted] =
      /^([\w!#$%&'*+.^`|~-]+)=(?:([\w!#$%&'*+.^`|~:-]+)|"((?:[^"\\]|\\.)*)")$/.exec(pair) ?? [];
    if (name === undefined || pairs.has(name.toLowerCase())) throw malformed('Forwarded cannot be read');
    pairs.set(name.toLowerCase(), token ?? (quoted as string).replaceAll(/\\(.)/g, '$1'));
  }
  return pairs;
}

function malformed(message: string): EnvironError {
  return new EnvironError('BAD_FORWARDED', message);
}

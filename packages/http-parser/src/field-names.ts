/**
 * Names that browsers, proxies and servers send all the time, as they write them. The parser gives out these very
 * strings, so that whoever maps names finds them by identity, their hash already known.
 */
const COMMON_NAMES = [
  'Accept', 'Accept-Charset', 'Accept-Encoding', 'Accept-Language', 'Accept-Ranges', 'Access-Control-Allow-Origin',
  'Access-Control-Request-Headers', 'Access-Control-Request-Method', 'Age', 'Allow', 'Authorization',
  'Cache-Control', 'Connection', 'Content-Disposition', 'Content-Encoding', 'Content-Language', 'Content-Length',
  'Content-Location', 'Content-Range', 'Content-Security-Policy', 'Content-Type', 'Cookie', 'DNT', 'Date', 'ETag',
  'Expect', 'Expires', 'Forwarded', 'From', 'Host', 'If-Match', 'If-Modified-Since', 'If-None-Match', 'If-Range',
  'If-Unmodified-Since', 'Keep-Alive', 'Last-Modified', 'Link', 'Location', 'Max-Forwards', 'Origin', 'Pragma',
  'Priority', 'Proxy-Authorization', 'Proxy-Connection', 'Range', 'Referer', 'Retry-After', 'Sec-CH-UA',
  'Sec-CH-UA-Mobile', 'Sec-CH-UA-Platform', 'Sec-Fetch-Dest', 'Sec-Fetch-Mode', 'Sec-Fetch-Site', 'Sec-Fetch-User',
  'Sec-GPC', 'Sec-WebSocket-Extensions', 'Sec-WebSocket-Key', 'Sec-WebSocket-Protocol', 'Sec-WebSocket-Version',
  'Server', 'Server-Timing', 'Set-Cookie', 'Strict-Transport-Security', 'TE', 'Trailer', 'Transfer-Encoding',
  'Upgrade', 'Upgrade-Insecure-Requests', 'User-Agent', 'Vary', 'Via', 'WWW-Authenticate', 'X-Content-Type-Options',
  'X-Forwarded-For', 'X-Forwarded-Host', 'X-Forwarded-Port', 'X-Forwarded-Proto', 'X-Frame-Options', 'X-Real-IP',
  'X-Request-ID', 'X-Requested-With',
  // As browsers write these.
  'sec-ch-ua', 'sec-ch-ua-mobile', 'sec-ch-ua-platform',
] as const; // prettier-ignore

/** Fields that the parser itself acts upon, by lower-case name. From 7 on a request may have them only once. */
export const ROLES = {
  none: 0,
  'transfer-encoding': 1,
  connection: 2,
  expect: 3,
  upgrade: 4,
  'content-length': 7,
  host: 8,
  'content-type': 9,
  authorization: 10,
  'content-location': 11,
  'content-range': 12,
  from: 13,
  'if-modified-since': 14,
  'if-range': 15,
  'if-unmodified-since': 16,
  'max-forwards': 17,
  origin: 18,
  'proxy-authorization': 19,
  range: 20,
  referer: 21,
  'user-agent': 22,
} as const;

export type Role = (typeof ROLES)[keyof typeof ROLES];

/** The first of the roles that a request may have only once. */
export const FIRST_SINGLETON: number = ROLES['content-length'];

interface KnownName {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly role: Role;
}

const SLOTS = 1024;

/** By length and two bytes; no two common names share a slot more than a few deep. */
const slots: (readonly KnownName[] | undefined)[] = Array.from({ length: SLOTS });

function slotOf(length: number, first: number, last: number, middle: number): number {
  return (length * 31 + first * 7 + last * 3 + middle * 11) & (SLOTS - 1);
}

for (const spelling of COMMON_NAMES) {
  for (const name of new Set([spelling, spelling.toLowerCase()])) {
    const bytes = Uint8Array.from(name, (character) => character.charCodeAt(0));
    const slot = slotOf(bytes.length, bytes[0]!, bytes.at(-1)!, bytes[bytes.length >> 1]!);
    if (slots[slot]?.some((known) => known.name === name)) continue;
    slots[slot] = [...(slots[slot] ?? []), { name, bytes, role: roleOf(name) }];
  }
}

/** The role of a name in any spelling. */
export function roleOf(name: string): Role {
  const lower = name.toLowerCase();
  return Object.hasOwn(ROLES, lower) ? ROLES[lower as keyof typeof ROLES] : ROLES.none;
}

/** The common name that stands at these bytes, if one does. */
export function findCommonName(bytes: Uint8Array, start: number, end: number): KnownName | undefined {
  const length = end - start;
  const slot = slots[slotOf(length, bytes[start]!, bytes[end - 1]!, bytes[start + (length >> 1)]!)];
  if (slot === undefined) return undefined;
  for (const known of slot) {
    if (known.bytes.length === length && equals(known.bytes, bytes, start)) return known;
  }
  return undefined;
}

function equals(name: Uint8Array, bytes: Uint8Array, start: number): boolean {
  for (let i = 0; i < name.length; i++) {
    if (name[i] !== bytes[start + i]) return false;
  }
  return true;
}

const LONGEST_ROLE = 'if-unmodified-since'.length;

/** The role of a name that is not a common one in one of its usual spellings. */
export function roleOfRareName(name: string): Role {
  // Shorter than `host` or longer than the longest: not worth a lower-casing.
  return name.length < 4 || name.length > LONGEST_ROLE ? ROLES.none : roleOf(name);
}

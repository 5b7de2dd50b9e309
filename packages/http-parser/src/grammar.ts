/** Marks the bytes for which the test holds, as 1, in a table of 256. */
function table(holds: (byte: number) => boolean): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, byte) => (holds(byte) ? 1 : 0));
}

function among(characters: string): (byte: number) => boolean {
  return (byte) => characters.includes(String.fromCharCode(byte));
}

const isAlphanumeric = (byte: number): boolean => /[0-9A-Za-z]/.test(String.fromCharCode(byte));

/** `tchar` (RFC 9110 §5.6.2): what names, methods and codings are made of. */
export const TOKEN: Uint8Array = table((byte) => isAlphanumeric(byte) || among("!#$%&'*+-.^_`|~")(byte));

/**
 * What a field value may hold: `HTAB / SP / VCHAR / obs-text` (RFC 9110 §5.5). Other control characters are
 * refused; the RFC leaves that to the recipient.
 */
export const FIELD_VALUE: Uint8Array = table((byte) => byte === 0x09 || (byte >= 0x20 && byte !== 0x7f));

/** What a request target may hold: visible ASCII, but no fragment (RFC 9112 §3.2). */
export const TARGET: Uint8Array = table((byte) => byte > 0x20 && byte < 0x7f && byte !== 0x23);

/** What a request line may hold: visible ASCII and SP. Of these only a method may have `#`. */
export const REQUEST_LINE: Uint8Array = table((byte) => byte >= 0x20 && byte < 0x7f);

/** `reg-name` and `IPv4address` (RFC 3986 §3.2.2), less the comma, which only joins repeated fields. */
const HOST_NAME = table((byte) => isAlphanumeric(byte) || among("-._~%!$&'()*+;=")(byte));

/** `IPv6address` and `IPvFuture`, between the brackets. */
const IP_LITERAL = table((byte) => isAlphanumeric(byte) || among(":.-_~!$&'()*+;=")(byte));

/** The value of a hexadecimal digit, or -1. */
export const HEX_VALUE: Int8Array = Int8Array.from({ length: 256 }, (_, byte) => {
  const digit = Number.parseInt(String.fromCharCode(byte), 16);
  return Number.isNaN(digit) ? -1 : digit;
});

/** Whether each character of a part of a text is in a table of bytes; text outside latin-1 is not. */
export function consistsOf(allowed: Uint8Array, text: string, start = 0, end: number = text.length): boolean {
  for (let i = start; i < end; i++) {
    if (allowed[text.charCodeAt(i)] !== 1) return false;
  }
  return true;
}

/** Whether a text is a `token` (RFC 9110 §5.6.2). */
export function isToken(text: string): boolean {
  return text.length > 0 && consistsOf(TOKEN, text);
}

/**
 * Whether a text is `uri-host [ ":" port ]` (RFC 9110 §7.2): no user, no path, no comma, not empty.
 */
export function isHost(text: string): boolean {
  // A server hears the same host in nearly every request.
  if (text === lastHost) return true;
  const valid = checkHost(text);
  if (valid) lastHost = text;
  return valid;
}

let lastHost: string | undefined;

function checkHost(text: string): boolean {
  const closing = text.startsWith('[') ? text.indexOf(']') : -1;
  if (text.startsWith('[')) {
    return closing > 1 && consistsOf(IP_LITERAL, text, 1, closing) && isPortSuffix(text, closing + 1);
  }
  const colon = text.indexOf(':');
  const nameEnd = colon === -1 ? text.length : colon;
  return nameEnd > 0 && consistsOf(HOST_NAME, text, 0, nameEnd) && isPortSuffix(text, nameEnd);
}

/** Whether nothing, or `:` and at most five digits, stands from there on. */
function isPortSuffix(text: string, start: number): boolean {
  if (start === text.length) return true;
  return /^:\d{0,5}$/.test(text.slice(start)) && Number(text.slice(start + 1)) <= 65_535;
}

/** Removes optional white space: SP and HTAB and nothing else (RFC 9110 §5.6.3), unlike `trim()`. */
export function trimOws(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isOws(text.charCodeAt(start))) start++;
  while (end > start && isOws(text.charCodeAt(end - 1))) end--;
  return start === 0 && end === text.length ? text : text.slice(start, end);
}

export function isOws(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x09;
}

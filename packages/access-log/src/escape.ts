// Printable ASCII but `"` and `\`: what may stand in a quoted value as it is.
const UNSAFE = /[^\x20\x21\x23-\x5b\x5d-\x7e]/;
const UNSAFE_ALL = /[^\x20\x21\x23-\x5b\x5d-\x7e]/g;

/**
 * A value as nginx writes it (log_format, `escape=default`): `"`, `\` and all that is not printable ASCII become
 * `\xXX`, so that no client can end its value, or the line. Text is latin-1, one character a byte; what is beyond
 * it becomes its UTF-8 bytes.
 */
export function escapeValue(value: string): string {
  return UNSAFE.test(value) ? value.replaceAll(UNSAFE_ALL, escapeCharacter) : value;
}

function escapeCharacter(character: string): string {
  const code = character.charCodeAt(0);
  if (code < 0x100) return HEX[code] as string;
  let text = '';
  for (const byte of Buffer.from(character)) text += HEX[byte];
  return text;
}

const HEX: readonly string[] = Array.from(
  { length: 256 },
  (_, byte) => `\\x${byte.toString(16).toUpperCase().padStart(2, '0')}`,
);

// The line terminators of a text file, and of those who read it: C0, DEL, NEL, LS, PS.
// oxlint-disable-next-line no-control-regex -- they are what is looked for
const TERMINATORS = /[\x00-\x08\x0a-\x1f\x7f\u0085\u2028\u2029]/g;

/** A line that somebody else has made: kept to one line, and in bytes, one character a byte. */
export function oneLine(line: string): string {
  const safe = line.replaceAll(TERMINATORS, escapeCharacter);
  return ASCII.test(safe) ? safe : Buffer.from(safe).toString('latin1');
}

// oxlint-disable-next-line no-control-regex -- it is ASCII from its beginning
const ASCII = /^[\x00-\x7f]*$/;
const NOT_ASCII = /[^\x20-\x7e]/g;

/** A JSON string, in ASCII. What is UTF-8 in the latin-1 text becomes what it says. */
export function jsonString(value: string): string {
  if (!UNSAFE.test(value)) return `"${value}"`;
  const text = ASCII.test(value) ? value : readUtf8(value);
  return JSON.stringify(text).replaceAll(
    NOT_ASCII,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

function readUtf8(latin1: string): string {
  // What is no latin-1 was not read from the wire, and is text already.
  return BEYOND_LATIN1.test(latin1) ? latin1 : Buffer.from(latin1, 'latin1').toString();
}

const BEYOND_LATIN1 = /[^\0-\xff]/;

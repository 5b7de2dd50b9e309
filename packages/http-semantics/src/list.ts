/**
 * Splits at a separator that stands in no quoted string (RFC 9110 §5.6.1, §5.6.4), and trims. Empty parts are left
 * out; a quoted string that does not end goes to the end.
 */
export function splitQuoted(text: string, separator: ',' | ';'): string[] {
  const parts = text.includes('"') ? partsOf(text, separator) : text.split(separator);
  return parts.map((part) => part.trim()).filter((part) => part !== '');
}

function partsOf(text: string, separator: string): string[] {
  const parts: string[] = [];
  let from = 0;
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    if (quoted && text[i] === '\\') i++;
    else if (text[i] === '"') quoted = !quoted;
    else if (!quoted && text[i] === separator) {
      parts.push(text.slice(from, i));
      from = i + 1;
    }
  }
  parts.push(text.slice(from));
  return parts;
}

/** The members of a list of tokens (RFC 9110 §5.6.1), in lower case, without empty ones. */
export function listMembers(value: string | undefined): string[] {
  if (value === undefined) return [];
  return splitQuoted(value.toLowerCase(), ',');
}

/** Whether a list of tokens has this one; tokens compare without regard to case. @param token - in lower case. */
export function hasMember(value: string | undefined, token: string): boolean {
  if (value === undefined) return false;
  // The usual case: the list is that token and nothing else.
  return value === token || listMembers(value).includes(token);
}

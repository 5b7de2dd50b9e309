import { EnvironError } from './errors.ts';

/** A request target, taken apart. */
export interface TargetParts {
  /** Percent-decoded, one character a byte. */
  path: string;
  /** As it was sent, without the question mark. */
  query: string;
}

/**
 * Takes a request target apart: a path, an absolute address, `*`, or the authority of a CONNECT. The last two
 * have no path: `PATH_INFO` is empty then, and `RAW_URI` tells.
 * @throws EnvironError BAD_PATH
 */
export function splitTarget(target: string): TargetParts {
  const mark = target.indexOf('?');
  const query = mark === -1 ? '' : target.slice(mark + 1);
  const address = mark === -1 ? target : target.slice(0, mark);
  if (address.charCodeAt(0) === SLASH) return { path: decodePercent(address), query };
  const [, path] = /^[a-z][a-z0-9+.-]*:\/\/[^/]*(.*)$/i.exec(address) ?? [];
  return { path: path === undefined ? '' : decodePercent(path || '/'), query };
}

const SLASH = 0x2f;

/**
 * Decodes percent escapes to latin-1, one character a byte (PEP 3333, "Unicode Issues").
 *
 * `%zz` is refused, and so is `%00`: no path holds NUL, but a program in C behind us would end its string there.
 * @throws EnvironError BAD_PATH
 */
export function decodePercent(text: string): string {
  let escape = text.indexOf('%');
  if (escape === -1) return text;
  let decoded = '';
  let from = 0;
  while (escape !== -1) {
    const hex = text.slice(escape + 1, escape + 3);
    if (!/^[0-9a-f]{2}$/i.test(hex))
      throw new EnvironError('BAD_PATH', `the path has '%${hex}', which is no escape`);
    if (hex === '00') throw new EnvironError('BAD_PATH', 'the path has NUL in it');
    decoded += text.slice(from, escape) + String.fromCharCode(Number.parseInt(hex, 16));
    from = escape + 3;
    escape = text.indexOf('%', from);
  }
  return decoded + text.slice(from);
}

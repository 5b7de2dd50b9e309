import { ATOM_NAMES, atom } from './atoms.ts';
import { AccessLogError } from './errors.ts';
import { escapeValue } from './escape.ts';
import type { LogTime } from './log-time.ts';
import type { AccessRecord } from './record.ts';
import type { NamedValue } from './values.ts';
import { VARIABLE_NAMES, variable } from './variables.ts';

/** Writes a line, or a part of one. */
export type Writer = (record: AccessRecord, time: LogTime) => string;

/** A piece of a template: text, or what stands for a name. */
export type Piece = string | NamedValue;

/**
 * Reads a template: gunicorn's atoms, `%(h)s`, or nginx's variables, `$remote_addr` and `${remote_addr}`. One that
 * has an atom is gunicorn's, and `$` is text in it.
 * @throws AccessLogError `UNKNOWN_NAME` with the names that there are.
 */
export function readTemplate(template: string): readonly Piece[] {
  return /%\([^)]*\)s/.test(template)
    ? split(template, /%\(([^)]*)\)s|%%/g, (name) => known(atom(name), `%(${name})s`, ATOM_NAMES), '%')
    : split(
        template,
        /\$(?:\{(\w+)\}|(\w+))/g,
        (name) => known(variable(name), `$${name}`, VARIABLE_NAMES),
        '',
      );
}

function known(value: NamedValue | undefined, name: string, names: string): NamedValue {
  if (value !== undefined) return value;
  throw new AccessLogError('UNKNOWN_NAME', `there is no ${name} in access logs; there are ${names}`);
}

function split(
  template: string,
  pattern: RegExp,
  read: (name: string) => NamedValue,
  escaped: string,
): readonly Piece[] {
  const pieces: Piece[] = [];
  let end = 0;
  for (const match of template.matchAll(pattern)) {
    if (match.index > end) pieces.push(template.slice(end, match.index));
    const name = match[1] ?? match[2];
    pieces.push(name === undefined ? escaped : read(name));
    end = match.index + match[0].length;
  }
  if (end < template.length) pieces.push(template.slice(end));
  return pieces;
}

/** Makes one function of a template. */
export function compileTemplate(template: string): Writer {
  const writers = readTemplate(template).map(compilePiece);
  return (record, time) => {
    let line = '';
    for (const write of writers) line += write(record, time);
    return line;
  };
}

function compilePiece(piece: Piece): Writer {
  if (typeof piece === 'string') {
    // A file of bytes: one character a byte.
    const bytes = Buffer.from(piece).toString('latin1');
    return () => bytes;
  }
  const { read, kind } = piece;
  if (kind !== 'text') return (record, time) => read(record, time) ?? '-';
  return (record, time) => {
    const value = read(record, time);
    return value === undefined ? '-' : escapeValue(value);
  };
}

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

/** A value, and the text before it. */
interface Step extends NamedValue {
  readonly before: string;
}

/** Makes one function of a template. */
export function compileTemplate(template: string): Writer {
  const steps: Step[] = [];
  let before = '';
  for (const piece of readTemplate(template)) {
    // A file of bytes: one character a byte.
    if (typeof piece === 'string') before += Buffer.from(piece).toString('latin1');
    else {
      steps.push({ ...piece, before });
      before = '';
    }
  }
  const end = before;
  return (record, time) => {
    let line = '';
    for (const { before, read, kind } of steps) {
      const value = read(record, time) ?? '-';
      line += before + (kind === 'text' ? escapeValue(value) : value);
    }
    return line + end;
  };
}

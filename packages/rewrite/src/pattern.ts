import { type Key, pathToRegexp } from 'path-to-regexp';
import { RewriteError } from './errors.ts';

/** What a rule captured, by name and by number. */
export type Captures = Readonly<Record<string, string>>;

/** What was captured where nothing was. */
export const NOTHING: Captures = Object.freeze({});

export interface CompiledPattern {
  /** What it captured; undefined for a text that it does not match. */
  readonly test: (text: string) => Captures | undefined;
  /** What it can capture. */
  readonly names: readonly string[];
}

/** How a pattern is compiled. */
export interface PatternUse {
  /** Whether somebody uses what is captured; matching alone costs a third. */
  readonly capturing: boolean;
  /** Whether groups have numbers too. @default false */
  readonly numbered?: boolean;
}

/** An expression, or a text that must be equal. */
export function compileText(wanted: string | RegExp, use: PatternUse): CompiledPattern {
  if (typeof wanted === 'string')
    return { test: (text) => (text === wanted ? NOTHING : undefined), names: [] };
  // With g or y an expression would go on where it last stopped.
  const expression = new RegExp(wanted.source, wanted.flags.replaceAll(/[gy]/g, ''));
  const groups = new RegExp(`${wanted.source}|`, expression.flags).exec('') as RegExpExecArray;
  const numbered = use.numbered === true;
  const numbers = numbered ? Array.from({ length: groups.length }, (_, i) => String(i)) : [];
  const names = [...numbers, ...Object.keys(groups.groups ?? {})];
  return matching(expression, names, use, (found) => capturesOf(found, numbered));
}

/** A path pattern, or an expression, whose groups then have numbers too. @throws RewriteError `BAD_PATTERN` */
export function compilePath(path: string | RegExp, place: string, use: PatternUse): CompiledPattern {
  if (typeof path !== 'string') return compileText(path, { ...use, numbered: true });
  const { regexp, keys } = parse(path, place);
  const names = keys.map(({ name }) => name);
  return matching(regexp, names, use, (found) =>
    Object.fromEntries(names.map((name, i) => [name, found[i + 1] ?? ''])),
  );
}

function matching(
  expression: RegExp,
  names: readonly string[],
  { capturing }: PatternUse,
  read: (found: RegExpExecArray) => Captures,
): CompiledPattern {
  if (!capturing || names.length === 0)
    return { names, test: (text) => (expression.test(text) ? NOTHING : undefined) };
  return {
    names,
    test: (text) => {
      const found = expression.exec(text);
      return found === null ? undefined : read(found);
    },
  };
}

function parse(path: string, place: string): { regexp: RegExp; keys: Key[] } {
  try {
    return pathToRegexp(path, { sensitive: true, trailing: false });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const hint = "write '/posts/:id' for one part of it, '/files/*rest' for all the rest";
    throw new RewriteError('BAD_PATTERN', `${place}.path '${path}' is no pattern: ${reason}; ${hint}`);
  }
}

function capturesOf(found: RegExpExecArray, numbered: boolean): Captures {
  const captures: Record<string, string> = {};
  if (numbered) found.forEach((value, i) => (captures[i] = value ?? ''));
  for (const [name, value] of Object.entries(found.groups ?? {})) captures[name] = value ?? '';
  return captures;
}

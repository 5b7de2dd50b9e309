import { type Key, pathToRegexp } from 'path-to-regexp';
import { RewriteError } from './errors.ts';

/** What a text was matched to: captures by name and by number, or undefined. */
export type TextTest = (text: string) => Readonly<Record<string, string>> | undefined;

export interface CompiledPattern {
  readonly test: TextTest;
  /** What it captures. */
  readonly names: readonly string[];
}

const NOTHING: Readonly<Record<string, string>> = Object.freeze({});

/** An expression, or a text that must be equal. */
export function compileText(wanted: string | RegExp, numbered = false): CompiledPattern {
  if (typeof wanted === 'string')
    return { test: (text) => (text === wanted ? NOTHING : undefined), names: [] };
  // With g or y an expression would go on where it last stopped.
  const expression = new RegExp(wanted.source, wanted.flags.replaceAll(/[gy]/g, ''));
  const groups = new RegExp(`${wanted.source}|`, expression.flags).exec('') as RegExpExecArray;
  const numbers = numbered ? Array.from({ length: groups.length }, (_, i) => String(i)) : [];
  return {
    names: [...numbers, ...Object.keys(groups.groups ?? {})],
    test: (text) => {
      const found = expression.exec(text);
      if (found === null) return undefined;
      if (!numbered && found.groups === undefined) return NOTHING;
      return capturesOf(found, numbered);
    },
  };
}

/** A path pattern, or an expression, whose groups then have numbers too. @throws RewriteError `BAD_PATTERN` */
export function compilePath(path: string | RegExp, place: string): CompiledPattern {
  if (typeof path !== 'string') return compileText(path, true);
  const { regexp, keys } = parse(path, place);
  const names = keys.map(({ name }) => name);
  return {
    names,
    test: (text) => {
      const found = regexp.exec(text);
      if (found === null) return undefined;
      return names.length === 0
        ? NOTHING
        : Object.fromEntries(names.map((name, i) => [name, found[i + 1] ?? '']));
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

function capturesOf(found: RegExpExecArray, numbered: boolean): Record<string, string> {
  const captures: Record<string, string> = {};
  if (numbered) found.forEach((value, i) => (captures[i] = value ?? ''));
  for (const [name, value] of Object.entries(found.groups ?? {})) captures[name] = value ?? '';
  return captures;
}

import { type Key, parse, pathToRegexp, type Token } from 'path-to-regexp';
import { RouterError } from './errors.ts';
import type { ParamValues } from './params.ts';

/** A path pattern, ready to be asked. */
export interface Pattern {
  /** The path itself, where the pattern has no parameter and no braces. */
  readonly literal: string | undefined;
  /** The first segment of all paths that match, where there is only one. */
  readonly segment: string | undefined;
  /** What the path brings; undefined when it does not match. */
  match(path: string): PatternMatch | undefined;
}

export interface PatternMatch {
  /** What of the path was matched: all of it, but for a mount point. */
  readonly path: string;
  readonly params: ParamValues;
}

export interface PatternOptions {
  readonly caseSensitive: boolean;
  /** Whether the pattern may end before the path does, at a slash. */
  readonly prefix: boolean;
}

/**
 * Compiles a pattern in the notation of path-to-regexp: `:name` is a segment or a part of it, `*name` one or more
 * segments, braces hold what may be missing.
 * @throws RouterError BAD_PATTERN
 */
export function compilePattern(pattern: string, { caseSensitive, prefix }: PatternOptions): Pattern {
  if (!pattern.startsWith('/')) throw bad(pattern, 'begin it with a slash');
  // A slash at its end would be the first of the path below.
  if (prefix && pattern.endsWith('/'))
    throw bad(pattern, 'a mount point ends without a slash, and is not the root');
  const { tokens, regexp, keys } = parsed(pattern, { caseSensitive, prefix });
  return {
    literal: prefix ? undefined : literalOf(tokens),
    segment: segmentOf(tokens, prefix),
    match(path) {
      const found = regexp.exec(path);
      return found === null ? undefined : { path: found[0], params: paramsOf(keys, found) };
    },
  };
}

interface Parsed {
  readonly tokens: readonly Token[];
  readonly regexp: RegExp;
  readonly keys: readonly Key[];
}

function parsed(pattern: string, { caseSensitive, prefix }: PatternOptions): Parsed {
  try {
    const data = parse(pattern);
    const compiled = pathToRegexp(data, { sensitive: caseSensitive, end: !prefix, trailing: false });
    return { tokens: data.tokens, ...compiled };
  } catch (cause) {
    throw bad(pattern, cause instanceof Error ? cause.message : String(cause), cause);
  }
}

function bad(pattern: string, reason: string, cause?: unknown): RouterError {
  return new RouterError('BAD_PATTERN', `the pattern ${JSON.stringify(pattern)} cannot be used: ${reason}`, {
    cause,
  });
}

function segmentOf([first, second]: readonly Token[], prefix: boolean): string | undefined {
  if (first?.type !== 'text') return undefined;
  const end = first.value.indexOf('/', 1);
  if (end !== -1) return first.value.slice(1, end);
  // A mount point ends at a slash; elsewhere a parameter may go on with the segment.
  return prefix && second === undefined ? first.value.slice(1) : undefined;
}

/** The first segment of a path. */
export function firstSegment(path: string): string {
  const end = path.indexOf('/', 1);
  return end === -1 ? path.slice(1) : path.slice(1, end);
}

function literalOf(tokens: readonly Token[]): string | undefined {
  const [only] = tokens;
  return tokens.length === 1 && only?.type === 'text' ? only.value : undefined;
}

function paramsOf(keys: readonly Key[], found: RegExpExecArray): ParamValues {
  const params: Record<string, string> = {};
  for (let i = 0; i < keys.length; i++) {
    const value = found[i + 1];
    if (value !== undefined) params[(keys[i] as Key).name] = value;
  }
  return params;
}

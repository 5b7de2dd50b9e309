import type { Environ } from '@highball/gateway-protocol';
import { decodePath } from '@highball/gateway-protocol';
import { type Key, pathToRegexp } from 'path-to-regexp';
import type { RouteMatch } from '../config.ts';
import { CommandError, messageOf } from '../errors.ts';

/** What a route captured from an address, by name. */
export type Captures = Readonly<Record<string, string>>;

/** Says whether a request is for a route: what it captured, or undefined. */
export type Matcher = (environ: Environ) => Captures | undefined;

const NOTHING: Captures = Object.freeze({});

/**
 * Compiles the conditions of a route.
 * @throws CommandError when its path is no pattern.
 */
export function createMatcher(match: RouteMatch, place: string): Matcher {
  const tests: Matcher[] = [];
  const { methods, hosts, path, query } = match;
  if (methods) tests.push((environ) => (methods.includes(environ.REQUEST_METHOD) ? NOTHING : undefined));
  if (hosts) tests.push((environ) => (hosts.includes(hostOf(environ)) ? NOTHING : undefined));
  if (path !== undefined) tests.push(pathMatcher(path, place));
  if (query) tests.push(...Object.entries(query).map(([name, wanted]) => queryMatcher(name, wanted)));
  return (environ) => {
    let captures = NOTHING;
    for (const test of tests) {
      const found = test(environ);
      if (found === undefined) return undefined;
      if (found !== NOTHING) captures = captures === NOTHING ? found : Object.assign({}, captures, found);
    }
    return captures;
  };
}

/** The names that a route captures, so that a `{name}` it does not have is found before the first request. */
export function captureNames(match: RouteMatch): string[] {
  const patterns = [match.path, ...Object.values(match.query ?? {})];
  return patterns.flatMap((pattern) => {
    if (typeof pattern === 'string')
      return pattern === match.path ? compilePath(pattern).keys.map(({ name }) => name) : [];
    return pattern ? [...pattern.source.matchAll(/\(\?<([^=!][^>]*)>/g)].map(([, name = '']) => name) : [];
  });
}

function pathMatcher(path: string | RegExp, place: string): Matcher {
  if (path instanceof RegExp) return regexpMatcher(path);
  try {
    const { regexp, keys } = compilePath(path);
    return (environ) => {
      const found = regexp.exec(pathText(environ));
      if (found === null) return undefined;
      return keys.length === 0
        ? NOTHING
        : Object.fromEntries(keys.map(({ name }, i) => [name, found[i + 1] ?? '']));
    };
  } catch (error) {
    const hint = "write '/posts/:id' for one part of it, '/static/*file' for all the rest";
    throw new CommandError(`${place}.path '${path}' is no pattern: ${messageOf(error)}; ${hint}`);
  }
}

function compilePath(path: string): { regexp: RegExp; keys: Key[] } {
  return pathToRegexp(path, { sensitive: true, trailing: false });
}

function regexpMatcher(pattern: RegExp): Matcher {
  const expression = new RegExp(pattern.source, pattern.flags.replaceAll(/[gy]/g, ''));
  return (environ) => capture(expression, pathText(environ));
}

function queryMatcher(name: string, wanted: string | RegExp): Matcher {
  const expression =
    typeof wanted === 'string' ? wanted : new RegExp(wanted.source, wanted.flags.replaceAll(/[gy]/g, ''));
  return (environ) => {
    const value = new URLSearchParams(environ.QUERY_STRING).get(name);
    if (value === null) return undefined;
    if (typeof expression === 'string') return value === expression ? NOTHING : undefined;
    return capture(expression, value);
  };
}

function capture(expression: RegExp, text: string): Captures | undefined {
  const found = expression.exec(text);
  if (found === null) return undefined;
  if (found.groups === undefined) return NOTHING;
  return Object.fromEntries(Object.entries(found.groups).map(([name, value]) => [name, value ?? '']));
}

/** The path as text; bytes that are no UTF-8 stay latin-1, so that they match no other address. */
function pathText(environ: Environ): string {
  const path = environ.SCRIPT_NAME + environ.PATH_INFO;
  try {
    return decodePath(path);
  } catch {
    return path;
  }
}

function hostOf(environ: Environ): string {
  return (environ.HTTP_HOST ?? environ.SERVER_NAME).toLowerCase().replace(/:\d*$/, '');
}

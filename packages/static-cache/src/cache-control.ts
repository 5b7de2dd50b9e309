import { compileGlob } from './glob.ts';

/** RFC 9111 §1.2.2 and RFC 8246 know no end; a year is what is usual. */
export const YEAR_SECONDS = 31_536_000;

/**
 * A name that bundlers write: `app.3f9a1c2b.js`, `app-BxY72aQ1.css`. The hash must have a digit, or words would count;
 * and a letter, or dates would.
 */
export const HASHED_NAMES: RegExp = /[.-](?=[\w-]*\d)(?=[\d-]*[a-zA-Z_])[\w-]{8,64}\.\w+$/;

/** For which files a browser, and caches between, may do what. The first rule that matches a file decides. */
export interface CacheRule {
  /**
   * The file's path below the root: a regular expression, or a pattern such as `*.css`, `img/**`, `*.{woff,woff2}`
   * (without a slash: in any folder). @default all
   */
  readonly path?: string | RegExp;
  /** The media type: `image/*`, `text/html`, or a regular expression. @default all */
  readonly type?: string | RegExp;
  /** Seconds for which the file may be used without asking. */
  readonly maxAgeSeconds: number;
  /** Seconds for shared caches, where these differ (RFC 9111 §5.2.2.10). */
  readonly sharedMaxAgeSeconds?: number;
  /** The file never changes under its name (RFC 8246). @default false */
  readonly immutable?: boolean;
  /** A stale copy must not be used (RFC 9111 §5.2.2.2). @default false */
  readonly mustRevalidate?: boolean;
  /** Seconds for which a stale copy may be used while it is asked after (RFC 5861 §3). */
  readonly staleWhileRevalidateSeconds?: number;
  /** Only the browser may keep it, no cache between (RFC 9111 §5.2.2.7). @default false */
  readonly private?: boolean;
  /** Nobody may keep it (RFC 9111 §5.2.2.5); the other settings do not count then. @default false */
  readonly noStore?: boolean;
}

/** What caches are told of a file. */
export interface CachePolicy {
  /** The value of Cache-Control. */
  readonly control: string;
  /** Seconds for Expires, which only HTTP/1.0 needs (RFC 9111 §5.3). */
  readonly maxAgeSeconds: number;
}

/** Says what caches are told of a file, by its path below the root and its media type. */
export type CachePolicyOf = (name: string, type: string) => CachePolicy;

/** @throws TypeError when a rule makes no sense. */
export function compileCacheRules(rules: readonly CacheRule[], fallback: CacheRule): CachePolicyOf {
  const compiled = [...rules, fallback].map((rule) => ({
    path: rule.path === undefined || rule.path instanceof RegExp ? rule.path : compileGlob(rule.path),
    type: rule.type === undefined || rule.type instanceof RegExp ? rule.type : compileGlob(rule.type),
    policy: compileRule(rule),
  }));
  const last = compiled.at(-1) as { policy: CachePolicy };
  return (name, type) => {
    const bare = type.split(';', 1)[0] as string;
    const rule = compiled.find(
      ({ path, type: types }) => (path?.test(name) ?? true) && (types?.test(bare) ?? true),
    );
    return (rule ?? last).policy;
  };
}

function compileRule(rule: CacheRule): CachePolicy {
  const { maxAgeSeconds, sharedMaxAgeSeconds: shared, staleWhileRevalidateSeconds: stale } = rule;
  for (const [name, value] of Object.entries({ maxAgeSeconds, shared, stale })) {
    if (value !== undefined && !(Number.isSafeInteger(value) && value >= 0)) {
      throw new TypeError(`${name} of a cache rule is a whole number of seconds, not ${String(value)}`);
    }
  }
  if (rule.path instanceof RegExp && /[gy]/.test(rule.path.flags)) {
    throw new TypeError(`${rule.path} has the flag g or y: it would match every other time`);
  }
  if (rule.noStore) return { control: 'no-store', maxAgeSeconds: 0 };
  const scope = rule.private ? 'private' : 'public';
  if (maxAgeSeconds === 0 && !rule.immutable && shared === undefined) {
    return { control: rule.private ? 'private, no-cache' : 'no-cache', maxAgeSeconds: 0 };
  }
  const control = [
    scope,
    `max-age=${maxAgeSeconds}`,
    ...(shared === undefined ? [] : [`s-maxage=${shared}`]),
    ...(rule.immutable ? ['immutable'] : []),
    ...(rule.mustRevalidate ? ['must-revalidate'] : []),
    ...(stale === undefined ? [] : [`stale-while-revalidate=${stale}`]),
  ];
  return { control: control.join(', '), maxAgeSeconds };
}

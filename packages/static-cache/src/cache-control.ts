import type { ResolvedOptions } from './options.ts';

const YEAR_SECONDS = 31_536_000;

/** A name that bundlers write: `app.3f9a1c2b.js`, `app-BxY72aQ1.css`. It must have a digit, or words would count. */
const HASHED = /[.-](?=[\w-]*\d)[\w-]{8,64}\.\w+$/;

/** The Cache-Control of a file (RFC 9111 §5.2.2). */
export function cacheControl(name: string, options: ResolvedOptions): string {
  const rule = options.rules.find(({ match }) => match === undefined || match.test(name));
  if (rule === undefined && options.immutableHashes && HASHED.test(name)) {
    return `public, max-age=${YEAR_SECONDS}, immutable`;
  }
  const {
    maxAgeSeconds,
    immutable = false,
    mustRevalidate = false,
  } = rule ?? { maxAgeSeconds: options.maxAgeSeconds };
  if (maxAgeSeconds === 0 && !immutable) return 'no-cache';
  return `public, max-age=${maxAgeSeconds}${immutable ? ', immutable' : ''}${mustRevalidate ? ', must-revalidate' : ''}`;
}

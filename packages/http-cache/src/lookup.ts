import type { Environ } from '@highball/gateway-protocol';
import type { Entry, StoredResponse, VaryIndex } from './entry.ts';
import type { Store } from './store.ts';
import { joinNames, keyOfVariant, variantKey } from './vary.ts';

/** What is known of a resource, seen from a request. */
export interface Found {
  readonly entry: StoredResponse | undefined;
  /** What its variants were chosen by. */
  readonly index: VaryIndex | undefined;
  /** The key of the variant that would fit. */
  readonly key: string;
}

/** Looks in memory. */
export function find(store: Store, url: string, environ: Environ): Found {
  const first = store.get(url);
  if (first?.kind !== 'vary') return { entry: first, index: undefined, key: url };
  const key = keyOfVariant(url, environ, first.names);
  return { entry: responseOf(store.get(key)), index: first, key };
}

/** Looks in memory, and then on disk. */
export async function findOnDisk(store: Store, url: string, environ: Environ): Promise<Found> {
  const first = store.get(url) ?? (await store.load(url));
  if (first?.kind !== 'vary') return { entry: first, index: undefined, key: url };
  const key = keyOfVariant(url, environ, first.names);
  return { entry: responseOf(store.get(key) ?? (await store.load(key))), index: first, key };
}

/** What is on disk for the same request, when it is younger: another worker may have fetched it. */
export async function findYounger(store: Store, found: Found): Promise<Found> {
  const other = responseOf(await store.load(found.key));
  if (other === undefined) return found;
  const { entry } = found;
  if (entry !== undefined && other.freshness.responseMs <= entry.freshness.responseMs) return found;
  return { ...found, entry: other };
}

/** Looks again for what was not there, or not fresh. */
export async function findAgain(store: Store, found: Found, url: string, environ: Environ): Promise<Found> {
  return found.entry === undefined ? await findOnDisk(store, url, environ) : await findYounger(store, found);
}

function responseOf(entry: Entry | undefined): StoredResponse | undefined {
  return entry?.kind === 'response' ? entry : undefined;
}

/**
 * The index after a response that was chosen by these fields; undefined where there are no variants. What one
 * response of a resource was chosen by, the others are found by too.
 */
export function indexWith(
  index: VaryIndex | undefined,
  url: string,
  environ: Environ,
  names: readonly string[],
  maxVariants: number,
): { index: VaryIndex; variant: string; surplus: readonly string[] } | undefined {
  const all = joinNames(index?.names ?? [], names);
  if (all.length === 0) return undefined;
  const variant = variantKey(environ, all);
  if (index?.names.length === all.length && index.variants.includes(variant)) {
    return { index, variant, surplus: [] };
  }
  // With another name every key is another one.
  const before = index?.names.length === all.length ? index.variants : [];
  const variants = [...before, variant];
  const surplus = variants.splice(0, Math.max(0, variants.length - maxVariants));
  return { index: { kind: 'vary', key: url, names: all, variants }, variant, surplus };
}

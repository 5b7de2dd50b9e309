import type { HeaderList } from '@highball/gateway-protocol';
import type { Freshness } from './freshness.ts';
import type { StoredFile } from './disk-body.ts';

/** A body in memory, or a file that holds it. */
export type StoredBody =
  | { readonly kind: 'memory'; readonly chunks: readonly Uint8Array[] }
  | { readonly kind: 'file'; readonly file: StoredFile };

/** A response that is stored. */
export interface StoredResponse {
  readonly kind: 'response';
  /** The primary key, and behind it the secondary one. */
  readonly key: string;
  /** The primary key: what a purge by URL or prefix goes by. */
  readonly url: string;
  /** Code and reason. */
  readonly status: string;
  /** As they are sent, but for Age and Cache-Status; Date is among them, hop-by-hop fields are not. */
  readonly fields: HeaderList;
  readonly freshness: Freshness;
  /** What a purge by tag goes by. */
  readonly tags: readonly string[];
  /** Where the journal of invalidations was when its request was sent: later ones concern it. */
  readonly position: number;
  readonly size: number;
  readonly body: StoredBody;
  /** What hits of this second are answered with. */
  recent?: RecentFields | undefined;
}

/** The fields of a hit, which change once a second. */
export interface RecentFields {
  /** The stored ones that they were made of. */
  readonly of: HeaderList;
  readonly age: number;
  readonly ttl: number;
  /** Frozen, and the same list for each; undefined after the first of them. */
  fields: HeaderList | undefined;
}

/** Under the primary key of a resource that has variants: what they were chosen by. */
export interface VaryIndex {
  readonly kind: 'vary';
  readonly key: string;
  readonly names: readonly string[];
  /** Secondary keys, the oldest first; their number has a cap. */
  readonly variants: readonly string[];
}

export type Entry = StoredResponse | VaryIndex;

/** What an entry takes up in memory besides its body: objects, strings, the maps' own nodes. */
const OVERHEAD_BYTES = 512;

/** What an entry weighs in memory. */
export function weightOf(entry: Entry): number {
  if (entry.kind === 'vary') return OVERHEAD_BYTES + lengthOf(entry.variants) + entry.key.length;
  let weight = OVERHEAD_BYTES + entry.key.length + entry.url.length + lengthOf(entry.tags);
  for (const [name, value] of entry.fields) weight += name.length + value.length + 64;
  return weight + (entry.body.kind === 'memory' ? entry.size : 0);
}

function lengthOf(texts: readonly string[]): number {
  return texts.reduce((sum, text) => sum + text.length, 0);
}

/** The numeric code of `'404 Not Found'`. */
export function codeOf(status: string): number {
  return Number(status.slice(0, 3));
}

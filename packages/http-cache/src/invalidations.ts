/** What a purge is about. */
export type PurgeTarget =
  | { readonly url: string }
  | { readonly prefix: string }
  | { readonly tag: string }
  | { readonly all: true };

/** An invalidation as it stands in the journal. */
export interface InvalidationRecord {
  readonly kind: 'url' | 'prefix' | 'tag' | 'all';
  readonly value: string;
  /** Milliseconds since the epoch: since when a soft one makes stale. Without it the entry is gone. */
  readonly softMs?: number;
}

/** What of an entry an invalidation is told by. */
export interface Invalidatable {
  readonly url: string;
  readonly tags: readonly string[];
  readonly position: number;
}

/** What has become of an entry: it is as it was, is stale since a time, or is gone. */
export type Verdict = 'valid' | 'gone' | { readonly staleSinceMs: number };

/** Whether an invalidation is about an entry. */
export function concerns({ kind, value }: InvalidationRecord, { url, tags }: Invalidatable): boolean {
  if (kind === 'url') return url === value;
  if (kind === 'prefix') return url.startsWith(value);
  return kind === 'all' || tags.includes(value);
}

interface Mark {
  hard: number;
  soft: number;
  softMs: number;
}

/** How many invalidations are remembered one by one; prefixes cost a comparison each. */
const MAX_MARKS = 50_000;
const MAX_PREFIXES = 500;

/**
 * What was invalidated, and when in terms of a journal whose position only grows. An entry is not looked for when it
 * is invalidated: it is found out when it is asked for, as Varnish does with its bans. So a purge costs the same for
 * one entry or a million, and holds for those on disk and those that are being fetched.
 *
 * When too many are remembered, the oldest becomes a floor: entries older than it are gone, whether they were meant
 * or not. That errs on the safe side.
 */
export class Invalidations {
  readonly #marks = new Map<string, Mark>();
  readonly #prefixes = new Map<string, Mark>();
  #floor = 0;
  #position = 0;

  /** Up to where the journal is known. */
  get position(): number {
    return this.#position;
  }

  /** Entries below this position are gone. */
  get floor(): number {
    return this.#floor;
  }

  /** Everything below a position is gone. */
  raiseFloor(position: number): void {
    this.#floor = Math.max(this.#floor, position);
    this.advance(position);
  }

  advance(position: number): void {
    this.#position = Math.max(this.#position, position);
  }

  apply({ kind, value, softMs }: InvalidationRecord, position: number): void {
    this.advance(position);
    if (kind === 'all' && softMs === undefined) return this.raiseFloor(position);
    const marks = kind === 'prefix' || kind === 'all' ? this.#prefixes : this.#marks;
    const name = marks === this.#prefixes ? value : `${kind} ${value}`;
    const mark = marks.get(name) ?? { hard: 0, soft: 0, softMs: 0 };
    marks.delete(name);
    marks.set(name, mark);
    if (softMs === undefined) mark.hard = position;
    else Object.assign(mark, { soft: position, softMs });
    this.#forget(marks, marks === this.#prefixes ? MAX_PREFIXES : MAX_MARKS);
  }

  judge(entry: Invalidatable): Verdict {
    if (entry.position < this.#floor) return 'gone';
    let staleSinceMs = Number.POSITIVE_INFINITY;
    for (const mark of this.#marksOf(entry)) {
      if (mark.hard > entry.position) return 'gone';
      if (mark.soft > entry.position) staleSinceMs = Math.min(staleSinceMs, mark.softMs);
    }
    return staleSinceMs === Number.POSITIVE_INFINITY ? 'valid' : { staleSinceMs };
  }

  /** All that is remembered, for a journal that is written anew. */
  *records(): Generator<{ record: InvalidationRecord; position: number }> {
    for (const [name, mark] of this.#marks) {
      const [kind = '', ...rest] = name.split(' ');
      yield* recordsOf(kind as InvalidationRecord['kind'], rest.join(' '), mark);
    }
    for (const [prefix, mark] of this.#prefixes) yield* recordsOf('prefix', prefix, mark);
  }

  *#marksOf({ url, tags }: Invalidatable): Generator<Mark> {
    const mark = this.#marks.get(`url ${url}`);
    if (mark !== undefined) yield mark;
    for (const tag of tags) {
      const tagged = this.#marks.get(`tag ${tag}`);
      if (tagged !== undefined) yield tagged;
    }
    for (const [prefix, prefixed] of this.#prefixes) if (url.startsWith(prefix)) yield prefixed;
  }

  #forget(marks: Map<string, Mark>, most: number): void {
    if (marks.size <= most) return;
    const [name, mark] = marks.entries().next().value as [string, Mark];
    marks.delete(name);
    this.raiseFloor(Math.max(mark.hard, mark.soft));
  }
}

function* recordsOf(
  kind: InvalidationRecord['kind'],
  value: string,
  { hard, soft, softMs }: Mark,
): Generator<{ record: InvalidationRecord; position: number }> {
  if (hard > 0) yield { record: { kind, value }, position: hard };
  if (soft > 0) yield { record: { kind, value, softMs }, position: soft };
}

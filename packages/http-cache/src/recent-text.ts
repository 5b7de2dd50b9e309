/** Places for what was made lately; a power of two. */
const PLACES = 1024;
/** Longer texts are not worth their memory. */
const MAX_LENGTH = 1024;

interface Made {
  readonly of: object;
  readonly first: string;
  readonly second: string;
  readonly text: string;
}

/**
 * Remembers which text was made of two others lately. A key that is put together anew for each request has to be
 * flattened and hashed by every map that it is looked up in: a third of a hit. Each pair has one place, and whoever
 * comes later takes it: nothing has to be found and forgotten.
 */
export class RecentText {
  readonly #made: (Made | undefined)[] = Array.from({ length: PLACES });

  /** @param of - what else the text depends on, by its identity. */
  get(of: object, first: string, second: string): string | undefined {
    const made = this.#made[placeOf(first, second)];
    return made !== undefined && made.second === second && made.first === first && made.of === of
      ? made.text
      : undefined;
  }

  set(of: object, first: string, second: string, text: string): void {
    if (first.length + second.length > MAX_LENGTH) return;
    this.#made[placeOf(first, second)] = { of, first, second, text };
  }
}

/** The end and the middle of a path tell it apart from its neighbours. */
function placeOf(first: string, second: string): number {
  const { length } = second;
  const ends = length === 0 ? 0 : second.charCodeAt(length - 1) * 31 + second.charCodeAt(length >> 1) * 7;
  return (ends + length + first.length * 17 + first.charCodeAt(first.length >> 1)) & (PLACES - 1);
}

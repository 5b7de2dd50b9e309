/** A part of a file: its first and its last byte. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** More ranges than this in one request are ignored: nobody needs them, and expanding them is an attack. */
const MAX_RANGES = 16;

/**
 * Reads a Range field (RFC 9110 §14.1.1).
 * @returns the ranges, in order and joined where they overlap or touch; `'ignore'` when the whole file is to be
 *   sent; `'unsatisfiable'` for 416.
 */
export function parseRange(field: string, size: number): readonly ByteRange[] | 'ignore' | 'unsatisfiable' {
  const list = /^bytes=([\d\-, \t]+)$/i.exec(field)?.[1];
  if (list === undefined) return 'ignore';
  const specs = list
    .split(',')
    .map((spec) => spec.trim())
    .filter((spec) => spec !== '');
  if (specs.length === 0 || specs.length > MAX_RANGES) return 'ignore';
  const ranges: ByteRange[] = [];
  for (const spec of specs) {
    const range = parseSpec(spec, size);
    if (range === undefined) return 'ignore';
    if (range.start <= range.end) ranges.push(range);
  }
  if (ranges.length === 0) return 'unsatisfiable';
  return coalesce(ranges);
}

/** One range; one that is empty lies outside of the file; undefined is a syntax error. */
function parseSpec(spec: string, size: number): ByteRange | undefined {
  const [, first = '', last = ''] = /^(\d*)-(\d*)$/.exec(spec) ?? [];
  if (first === '' && last === '') return undefined;
  if (first === '')
    return { start: Math.max(0, size - Number(last)), end: Number(last) === 0 ? -1 : size - 1 };
  const start = Number(first);
  if (last !== '' && Number(last) < start) return undefined;
  return { start, end: last === '' ? size - 1 : Math.min(Number(last), size - 1) };
}

function coalesce(ranges: readonly ByteRange[]): readonly ByteRange[] {
  if (ranges.length === 1) return ranges;
  const joined: ByteRange[] = [];
  for (const range of ranges.toSorted((a, b) => a.start - b.start)) {
    const before = joined.at(-1);
    if (before !== undefined && range.start <= before.end + 1) {
      joined[joined.length - 1] = { start: before.start, end: Math.max(before.end, range.end) };
    } else {
      joined.push(range);
    }
  }
  return joined;
}

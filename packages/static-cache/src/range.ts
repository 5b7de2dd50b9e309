/** A part of a file: its first and its last byte. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** More ranges than this in one request are ignored: nobody needs them, and expanding them is an attack. */
const MAX_RANGES = 16;
/** A gap smaller than what a part of its own costs is sent along (RFC 9110 §15.3.7.2 names about 80 bytes). */
const JOINED_GAP = 80;

/**
 * Reads a Range field (RFC 9110 §14.1.1).
 * @returns the ranges in the order in which they were asked for, those that overlap or nearly touch joined;
 *   `'ignore'` when the whole file is to be sent; `'unsatisfiable'` for 416.
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
    if (range.start <= range.end) join(ranges, range);
  }
  return ranges.length === 0 ? 'unsatisfiable' : ranges;
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

/** Adds a range; it takes the place of the first that it can be joined with, and may join more of them. */
function join(ranges: ByteRange[], added: ByteRange): void {
  const index = ranges.findIndex(
    ({ start, end }) => added.start <= end + 1 + JOINED_GAP && start <= added.end + 1 + JOINED_GAP,
  );
  if (index === -1) {
    ranges.push(added);
    return;
  }
  const other = ranges[index] as ByteRange;
  const joined = { start: Math.min(other.start, added.start), end: Math.max(other.end, added.end) };
  ranges.splice(index, 1);
  const rest = ranges.splice(index);
  join(ranges, joined);
  for (const range of rest) join(ranges, range);
}

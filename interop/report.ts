import type { Pair } from './pairs.ts';
import type { Request } from './requests.ts';

/** How a pair has done. */
export interface Result {
  readonly pair: Pair;
  /** Why it was not tried. */
  readonly skipped?: string;
  /** Why it could not be started. */
  readonly failed?: string;
  /** By request: what was not as expected; nothing when all was. */
  readonly differences: ReadonlyMap<string, readonly string[]>;
}

/** What the cell of a request says. */
type Verdict = 'ok' | 'other' | 'wrong' | 'stale';

/** An excuse that is not needed any more is a failure too: excuses must not outlive their reason. */
function verdict({ pair, differences }: Result, { name }: Request): Verdict {
  const excused = pair.peculiarities?.[name] !== undefined;
  const differs = (differences.get(name)?.length ?? 0) > 0;
  if (differs) return excused ? 'other' : 'wrong';
  return excused ? 'stale' : 'ok';
}

const SIGNS: Readonly<Record<Verdict, string>> = { ok: '✓', other: '○', wrong: '✗', stale: '✗' };

export function failures(results: readonly Result[], requests: readonly Request[]): string[] {
  return results.flatMap((result) => {
    if (result.failed !== undefined) return [`${result.pair.name} did not start: ${result.failed}`];
    if (result.skipped !== undefined) return [];
    return requests.flatMap((request) => {
      const found = verdict(result, request);
      if (found === 'stale')
        return [`${result.pair.name}, ${request.name}: is as expected by now; its excuse can go`];
      if (found !== 'wrong') return [];
      return [`${result.pair.name}, ${request.name}: ${result.differences.get(request.name)?.join('; ')}`];
    });
  });
}

/** A table as the formatter of the repository leaves it: each column as wide as its widest cell. */
function align(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]?.map((_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0))) ?? [];
  const line = (cells: readonly string[], filler = ' '): string =>
    `| ${cells.map((cell, i) => cell.padEnd(widths[i] ?? 0, filler)).join(' | ')} |`;
  const [head = [], ...body] = rows;
  const rule = line(head.map(() => ''), '-'); // prettier-ignore
  return [line(head), rule, ...body.map((row) => line(row))];
}

/** The table in Markdown, with what is behind its signs. */
export function table(results: readonly Result[], requests: readonly Request[]): string {
  const tried = results.filter(({ skipped, failed }) => skipped === undefined && failed === undefined);
  const count = (result: Result): string => {
    const good = requests.filter((request) => verdict(result, request) === 'ok').length;
    return `${good} of ${requests.length}`;
  };
  const rows = [
    ['request', ...tried.map((_, i) => `${i + 1}`)],
    ...requests.map((request) => [request.name, ...tried.map((result) => SIGNS[verdict(result, request)])]),
    ['**as expected**', ...tried.map(count)],
  ];
  return [
    ...align(rows),
    '',
    ...tried.map(({ pair }, i) => `${i + 1}. ${pair.name}`),
    '',
    ...excuses(tried),
    ...results.flatMap(({ pair, skipped }) => (skipped ? [`Not tried: ${pair.name}: ${skipped}.`, ''] : [])),
  ]
    .join('\n')
    .trimEnd();
}

function excuses(results: readonly Result[]): string[] {
  const lines = results.flatMap(({ pair, differences }, i) =>
    Object.entries(pair.peculiarities ?? {})
      .filter(([name]) => (differences.get(name)?.length ?? 0) > 0)
      .map(([name, why]) => `- ${i + 1}, ${name}: ${why}. ${differences.get(name)?.join('; ')}.`),
  );
  return lines.length === 0
    ? []
    : ['○ is other than expected, for a reason that is not ours:', '', ...lines, ''];
}

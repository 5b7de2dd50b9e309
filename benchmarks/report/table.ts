import { type Detail, type Outcome, reaches, type Row } from '../benchmark.ts';

/** Two digits after the point where they mean something. */
export function times(ratio: number): string {
  return ratio >= 9.95 ? ratio.toFixed(1) : ratio.toFixed(2);
}

function verdict(row: Row): string {
  if (row.ratio === undefined) return 'not measured';
  if (reaches(row, 'aim') === true) return 'aim reached';
  if (row.target === undefined) return '';
  return reaches(row, 'target') === true ? 'reached' : 'missed';
}

function limit(row: Row, value: number | undefined): string {
  if (value === undefined) return '';
  return `${row.better === 'more' ? '≥' : '≤'} ${value}`;
}

/** The rows of a table in Markdown; the repository's formatter aligns its columns. */
function table(head: readonly string[], rows: readonly (readonly string[])[], right: number): string {
  const rule = head.map((_, i) => (i < right ? '---' : '--:'));
  return [head, rule, ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/** What is wanted, and what was measured. */
export function targetTable(rows: readonly Row[]): string {
  const lines = rows.map((row) => {
    const { work, against, ratio, target, aim } = row;
    const measured = ratio === undefined ? '' : `**${times(ratio.value)}**`;
    const spread = ratio === undefined ? '' : `${times(ratio.least)}–${times(ratio.most)}`;
    return [work, against, verdict(row), measured, spread, limit(row, target), limit(row, aim)];
  });
  return table(['work', 'against', '', 'ratio', 'of the rounds', 'wanted', 'aim'], lines, 3);
}

/** All that was measured of each server. */
export function detailTable(details: readonly Detail[]): string {
  const lines = details.map((each) => [
    each.benchmark,
    each.load,
    each.server,
    Math.round(each.perSecond).toLocaleString('en'),
    (each.p50Us / 1000).toFixed(2),
    (each.p99Us / 1000).toFixed(2),
    each.cpuUs.toFixed(1),
    `${Math.round(each.busy * 100)}%`,
    (each.residentBytes / 1e6).toFixed(0),
    Math.round(each.bytes).toLocaleString('en'),
  ]);
  const head = ['work', 'load', 'server', 'requests/s', 'p50 ms', 'p99 ms', 'CPU µs', 'busy', 'MB', 'bytes'];
  return table(head, lines, 3);
}

/** Everything that a run has to say, in Markdown. */
export function figures(outcomes: readonly Outcome[], on: string, command: string): string {
  const rows = outcomes.flatMap((outcome) => outcome.rows);
  const notes = outcomes.flatMap((outcome) => outcome.notes).map((note) => `- ${note}`);
  const skipped = rows
    .filter((row) => row.skipped !== undefined)
    .map(({ work, against, skipped }) => `- Not measured: ${work}, against ${against}: ${skipped}.`);
  const failed = outcomes.flatMap((outcome) => outcome.failures).map((failure) => `- Failed: ${failure}.`);
  return [
    `\`${command}\`: ${on}.`,
    targetTable(rows),
    [...notes, ...skipped, ...failed].join('\n'),
    '<details>\n<summary>All figures: each server under each load, medians of the rounds</summary>',
    detailTable(outcomes.flatMap((outcome) => outcome.details)),
    '</details>',
  ]
    .filter((part) => part !== '')
    .join('\n\n');
}

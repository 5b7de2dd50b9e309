import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Outcome } from '../benchmark.ts';
import { root } from '../root.ts';
import { machine } from './machine.ts';
import { plot } from './plot.ts';
import { figures, targetTable } from './table.ts';

const PAGE = 'docs/performance.md';
const PLOT = 'docs/performance.svg';
const README = 'README.md';
const NAME = 'bench';

/**
 * Puts a text between the comments `<!-- NAME:begin -->` and `<!-- NAME:end -->`; what people have written around them
 * stays.
 *
 * @throws when the comments are not there.
 */
export function replaceBetween(page: string, name: string, text: string): string {
  const [begin, end] = [`<!-- ${name}:begin -->`, `<!-- ${name}:end -->`];
  const from = page.indexOf(begin);
  const to = page.indexOf(end, from);
  if (from < 0 || to < 0) throw new Error(`a page has no place for the figures between ${begin} and ${end}`);
  return `${page.slice(0, from + begin.length)}\n\n${text}\n\n${page.slice(to)}`;
}

/** Writes the figures into the documents, as the formatter of the repository leaves them. */
export async function writeDocuments(outcomes: readonly Outcome[], command: string): Promise<void> {
  const on = machine(new Date());
  const rows = outcomes.flatMap((outcome) => outcome.rows);
  await replaceIn(PAGE, `![The ratios below as bars](performance.svg)\n\n${figures(outcomes, on, command)}`);
  await replaceIn(
    README,
    `![Ratios to nginx, HAProxy, node:http and gunicorn, measured in one run](${PLOT})\n\n<details>\n<summary>The same as a table</summary>\n\n${targetTable(rows)}\n\n</details>\n\n\`${command}\`: ${on}.`,
  );
  await writeFile(join(root, PLOT), plot(rows, on));
  await promisify(execFile)(join(root, 'node_modules/.bin/oxfmt'), [PAGE, README], { cwd: root });
}

async function replaceIn(file: string, text: string): Promise<void> {
  const path = join(root, file);
  await writeFile(path, replaceBetween(await readFile(path, 'utf8'), NAME, text));
}

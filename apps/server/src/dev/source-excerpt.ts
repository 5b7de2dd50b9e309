import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';

/** Some lines of a source file. */
export interface Excerpt {
  /** The number of the first line, from 1. */
  firstLine: number;
  lines: string[];
}

/** So many lines are shown before and behind the one that counts. */
const AROUND = 6;
/** Beyond that it is no source that somebody has written; minified code has lines without an end, too. */
const MAX_FILE_BYTES = 2_097_152;
const MAX_LINE_LENGTH = 400;

/** The lines around one, which may stand behind the last; undefined when the file is gone or is none. */
export function readExcerpt(file: string, line: number): Excerpt | undefined {
  // The line break at the end of a file begins no line.
  const lines = readText(file)?.replace(/\n$/, '').split(/\r?\n/);
  if (lines === undefined) return undefined;
  const firstLine = Math.max(1, Math.min(line, lines.length) - AROUND);
  const shown = lines.slice(firstLine - 1, line + AROUND).map(shorten);
  return { firstLine, lines: shown };
}

function shorten(line: string): string {
  return line.length <= MAX_LINE_LENGTH ? line : `${line.slice(0, MAX_LINE_LENGTH)}…`;
}

function readText(file: string): string | undefined {
  let fd: number;
  try {
    fd = openSync(file, 'r');
  } catch {
    return undefined;
  }
  try {
    const stats = fstatSync(fd);
    return stats.isFile() && stats.size <= MAX_FILE_BYTES ? readFileSync(fd, 'utf8') : undefined;
  } catch {
    return undefined;
  } finally {
    closeSync(fd);
  }
}

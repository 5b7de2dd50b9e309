const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** A time span with the two units that tell most: `850ms`, `12s`, `5m30s`, `3h05m`, `2d04h`. */
export function formatAge(ms: number): string {
  if (ms < SECOND) return `${Math.round(ms)}ms`;
  if (ms < MINUTE) return `${Math.floor(ms / SECOND)}s`;
  if (ms < HOUR) return `${Math.floor(ms / MINUTE)}m${two((ms % MINUTE) / SECOND)}s`;
  if (ms < DAY) return `${Math.floor(ms / HOUR)}h${two((ms % HOUR) / MINUTE)}m`;
  return `${Math.floor(ms / DAY)}d${two((ms % DAY) / HOUR)}h`;
}

const UNITS = ['B', 'K', 'M', 'G', 'T'];

/** Bytes in powers of 1024: `812K`, `64M`, `1.5G`; `-` for what is not known. */
export function formatBytes(bytes: number | null): string {
  if (bytes === null) return '-';
  const power = Math.min(UNITS.length - 1, bytes < 1 ? 0 : Math.floor(Math.log2(bytes) / 10));
  const value = bytes / 1024 ** power;
  return `${power >= 3 ? value.toFixed(1) : Math.round(value)}${UNITS[power]}`;
}

/** A number; `-` for what is not known. */
export function formatCount(count: number | null): string {
  return count === null ? '-' : String(count);
}

/** Rows in columns: text that is a number or begins with one is set to the right. */
export function table(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const isNumber = widths.map((_, column) =>
    rows.slice(1).every((row) => /^(-|\d.*)$/.test(row[column] ?? '')),
  );
  const cell = (text: string, column: number): string =>
    isNumber[column] ? text.padStart(widths[column] ?? 0) : text.padEnd(widths[column] ?? 0);
  return rows.map((row) => `  ${row.map(cell).join('  ')}`.trimEnd());
}

function two(value: number): string {
  return String(Math.floor(value)).padStart(2, '0');
}

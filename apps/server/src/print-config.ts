import type { SettingOrigin } from './resolve-settings.ts';

/** `--print-config`: each setting, its value, and where that comes from. */
export function printConfig(origins: readonly SettingOrigin[]): void {
  process.stdout.write(configTable(origins));
}

/** One setting a line, in columns. */
export function configTable(origins: readonly SettingOrigin[]): string {
  const rows = origins.map(({ name, value, origin }) => [name, JSON.stringify(value), origin] as const);
  const widths = [0, 1].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ');
  return rows.map((row) => `${line(row)}\n`).join('');
}

/** The clean address of a day, a month or a year: `2006-12-10` → `/blogs/2006/12/10/`. */
export function addressOf(period: string): string {
  return `/blogs/${period.replaceAll('-', '/')}/`;
}

/** `2006-12-10` → `10 December 2006`, `2006-12` → `December 2006`, `2006` → `2006`. */
export function nameOf(period: string): string {
  return FORMATS[period.length]?.format(new Date(period)) ?? period;
}

/** By the length of what they are given. */
const FORMATS: Readonly<Record<number, Intl.DateTimeFormat>> = {
  7: new Intl.DateTimeFormat('en-GB', { month: 'long', year: 'numeric', timeZone: 'UTC' }),
  10: new Intl.DateTimeFormat('en-GB', { dateStyle: 'long', timeZone: 'UTC' }),
};

/** Whether there is such a year, month or day in the calendar. */
export function isPeriod(period: string): boolean {
  if (!/^\d{4}(-\d{2}(-\d{2})?)?$/.test(period)) return false;
  const date = new Date(period);
  // 30 February is taken for the first days of March.
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(period);
}

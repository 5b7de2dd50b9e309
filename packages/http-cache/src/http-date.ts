/** Days and months have three letters in all forms but RFC 850's, which spells the day out (RFC 9110 §5.6.7). */
const FORMS: readonly RegExp[] = [
  /^[A-Z][a-z]{2}, (?<day>\d\d) (?<month>[A-Z][a-z]{2}) (?<year>\d{4}) (?<time>\d\d:\d\d:\d\d) GMT$/,
  /^[A-Z][a-z]{5,8}, (?<day>\d\d)-(?<month>[A-Z][a-z]{2})-(?<year>\d\d) (?<time>\d\d:\d\d:\d\d) GMT$/,
  /^[A-Z][a-z]{2} (?<month>[A-Z][a-z]{2}) (?<day>[ \d]\d) (?<time>\d\d:\d\d:\d\d) (?<year>\d{4})$/,
];

/** A year of two digits that seems more than 50 years ahead is in the past century (RFC 9110 §5.6.7). */
const YEARS_AHEAD = 50;

/**
 * Reads an HTTP-date, in the form of today or in one of the two obsolete ones.
 *
 * @param now - milliseconds since the epoch, for years of two digits.
 * @returns milliseconds since the epoch; undefined when it is no date.
 */
export function parseDate(text: string, now: number): number | undefined {
  for (const form of FORMS) {
    const parts = form.exec(text)?.groups;
    if (parts === undefined) continue;
    const day = (parts['day'] as string).trim().padStart(2, '0');
    const year = fullYear(parts['year'] as string, now);
    const time = Date.parse(`${day} ${parts['month']} ${year} ${parts['time']} GMT`);
    // What Date.parse makes of 31 April is 1 May.
    return Number.isNaN(time) || new Date(time).getUTCDate() !== Number(day) ? undefined : time;
  }
  return undefined;
}

function fullYear(digits: string, now: number): string {
  if (digits.length === 4) return digits;
  const thisYear = new Date(now).getUTCFullYear();
  const year = thisYear - (thisYear % 100) + Number(digits);
  return String(year > thisYear + YEARS_AHEAD ? year - 100 : year);
}

/** An HTTP-date of whole seconds (IMF-fixdate). */
export function formatDate(ms: number): string {
  return new Date(ms).toUTCString();
}

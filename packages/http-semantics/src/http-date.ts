const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** The three forms of an HTTP-date (RFC 9110 §5.6.7); the last two are obsolete, and must be understood. */
const IMF_FIXDATE = /^[A-Z][a-z]{2}, (\d\d) ([A-Z][a-z]{2}) (\d{4}) (\d\d):(\d\d):(\d\d) GMT$/;
const RFC_850 = /^[A-Z][a-z]{5,8}, (\d\d)-([A-Z][a-z]{2})-(\d\d) (\d\d):(\d\d):(\d\d) GMT$/;
const ASCTIME = /^[A-Z][a-z]{2} ([A-Z][a-z]{2}) ([ \d]\d) (\d\d):(\d\d):(\d\d) (\d{4})$/;

/** A year of two digits that seems more than 50 years ahead is in the past century (RFC 9110 §5.6.7). */
const YEARS_AHEAD = 50;

/**
 * Reads an HTTP-date, in the form of today or in one of the two obsolete ones.
 *
 * @param now - milliseconds since the epoch, for years of two digits.
 * @returns milliseconds since the epoch; undefined when it is none, and then the field is to be ignored.
 */
export function parseHttpDate(text: string, now: number): number | undefined {
  const fixed = IMF_FIXDATE.exec(text);
  if (fixed !== null) return timeOf(Number(fixed[3]), fixed[2], fixed[1], fixed[4], fixed[5], fixed[6]);
  const old = RFC_850.exec(text);
  if (old !== null) return timeOf(fullYear(Number(old[3]), now), old[2], old[1], old[4], old[5], old[6]);
  const asctime = ASCTIME.exec(text);
  if (asctime === null) return undefined;
  return timeOf(Number(asctime[6]), asctime[1], asctime[2], asctime[3], asctime[4], asctime[5]);
}

function fullYear(digits: number, now: number): number {
  const thisYear = new Date(now).getUTCFullYear();
  const year = thisYear - (thisYear % 100) + digits;
  return year > thisYear + YEARS_AHEAD ? year - 100 : year;
}

function timeOf(year: number, monthName = '', ...rest: (string | undefined)[]): number | undefined {
  const month = MONTHS.indexOf(monthName);
  const [day, hour, minute, second] = rest.map(Number) as [number, number, number, number];
  if (month === -1 || hour > 23 || minute > 59 || second > 60) return undefined;
  const time = Date.UTC(year, month, day, hour, minute, second);
  // 31 April would quietly be 1 May. A leap second is the first of the next minute.
  return new Date(time - (second === 60 ? 1000 : 0)).getUTCDate() === day ? time : undefined;
}

/** An HTTP-date of whole seconds, in the form of today (IMF-fixdate). @param time - milliseconds since the epoch. */
export function formatHttpDate(time: number): string {
  return new Date(time).toUTCString();
}

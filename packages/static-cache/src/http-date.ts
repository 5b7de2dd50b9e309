const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** The three forms of an HTTP-date (RFC 9110 §5.6.7); the last two are obsolete, and must be understood. */
const IMF_FIXDATE = /^[A-Z][a-z]{2}, (\d\d) ([A-Z][a-z]{2}) (\d{4}) (\d\d):(\d\d):(\d\d) GMT$/;
const RFC_850 = /^[A-Z][a-z]{5,8}, (\d\d)-([A-Z][a-z]{2})-(\d\d) (\d\d):(\d\d):(\d\d) GMT$/;
const ASCTIME = /^[A-Z][a-z]{2} ([A-Z][a-z]{2}) ([ \d]\d) (\d\d):(\d\d):(\d\d) (\d{4})$/;

/**
 * Reads an HTTP-date.
 * @param now - milliseconds since the epoch, for years of two digits.
 * @returns seconds since the epoch; undefined when it is none, and then the field is to be ignored.
 */
export function parseHttpDate(text: string, now: number = Date.now()): number | undefined {
  const fixed = IMF_FIXDATE.exec(text);
  if (fixed !== null) return seconds(fixed[3], fixed[2], fixed[1], fixed[4], fixed[5], fixed[6]);
  const old = RFC_850.exec(text);
  if (old !== null) {
    const year = String(fullYear(Number(old[3]), now));
    return seconds(year, old[2], old[1], old[4], old[5], old[6]);
  }
  const asctime = ASCTIME.exec(text);
  if (asctime === null) return undefined;
  return seconds(asctime[6], asctime[1], asctime[2], asctime[3], asctime[4], asctime[5]);
}

/** What seems to be more than 50 years ahead is in the past century (RFC 9110 §5.6.7). */
function fullYear(digits: number, now: number): number {
  const thisYear = new Date(now).getUTCFullYear();
  const year = thisYear - (thisYear % 100) + digits;
  return year > thisYear + 50 ? year - 100 : year;
}

function seconds(year = '', monthName = '', ...rest: (string | undefined)[]): number | undefined {
  const month = MONTHS.indexOf(monthName);
  const [day, hour, minute, second] = rest.map(Number) as [number, number, number, number];
  const time = Date.UTC(Number(year), month, day, hour, minute, second) / 1000;
  const date = new Date(time * 1000);
  // 31 April would quietly be 1 May. A leap second is none here.
  const exists = month !== -1 && date.getUTCDate() === day && hour < 24 && minute < 60 && second < 61;
  return exists ? time : undefined;
}

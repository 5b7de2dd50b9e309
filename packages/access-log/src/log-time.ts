const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'] as const;

/** The time of a line, in the words of logs; each is made once a second. */
export class LogTime {
  #ms = 0;
  #second = Number.NaN;
  #common: string | undefined;
  #iso: string | undefined;

  /** Says which moment is meant, in milliseconds since 1970. */
  set(ms: number): void {
    this.#ms = ms;
    const second = Math.floor(ms / 1000);
    if (second === this.#second) return;
    this.#second = second;
    this.#common = undefined;
    this.#iso = undefined;
  }

  /** Local time of the Common Log Format: `21/Nov/2026:08:33:56 +0000`. */
  get common(): string {
    return (this.#common ??= formatCommon(new Date(this.#second * 1000)));
  }

  /** Local time of ISO 8601: `2026-11-21T08:33:56+00:00`. */
  get iso(): string {
    return (this.#iso ??= formatIso(new Date(this.#second * 1000)));
  }

  /** Seconds since 1970 with milliseconds: `1795250036.123`. */
  get seconds(): string {
    return (this.#ms / 1000).toFixed(3);
  }
}

function formatCommon(date: Date): string {
  const day = `${two(date.getDate())}/${MONTHS[date.getMonth()]}/${date.getFullYear()}`;
  return `${day}:${timeOfDay(date)} ${offset(date, '')}`;
}

function formatIso(date: Date): string {
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day}T${timeOfDay(date)}${offset(date, ':')}`;
}

function timeOfDay(date: Date): string {
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

function offset(date: Date, separator: string): string {
  const minutes = -date.getTimezoneOffset();
  const size = Math.abs(minutes);
  return `${minutes < 0 ? '-' : '+'}${two(Math.floor(size / 60))}${separator}${two(size % 60)}`;
}

function two(number: number): string {
  return number < 10 ? `0${number}` : String(number);
}

/** What a peer says of its own load. */
export interface LoadReport {
  /** How late its event loop runs: the mean of late, in milliseconds. */
  readonly delayMs: number;
  /** Requests that it has taken and not answered. */
  readonly queue: number;
}

/** The field of an answer in which a peer tells its load. */
export const LOAD_FIELD = 'X-Highball-Load';

/** A report is a few bytes; whoever sends more does not send a report. */
const MOST_CHARACTERS = 128;
const MOST_DELAY_MS = 3_600_000;
const MOST_QUEUE = 1_000_000;

/** A member of the dictionary: a key, a number of at most 12 digits and 3 after the point, parameters. */
const MEMBER = /^([a-z*][a-z0-9_.*-]*)=(\d{1,12}(?:\.\d{1,3})?)(?:;[ -+\--~]*)?$/;

/**
 * The text of a report: a Dictionary of Structured Fields (RFC 9651 §3.2) with the members `delay`, a Decimal in
 * milliseconds, and `queue`, an Integer: `delay=1.25, queue=7`.
 */
export function formatLoad({ delayMs, queue }: LoadReport): string {
  const delay = Math.min(Math.max(delayMs, 0), MOST_DELAY_MS) || 0;
  const waiting = Math.min(Math.max(Math.round(queue), 0), MOST_QUEUE) || 0;
  return `delay=${Number(delay.toFixed(3))}, queue=${waiting}`;
}

/**
 * Reads a report; members it does not know are passed by, for those to come. A text that is none, or says one member
 * twice, gives undefined: it comes from another machine.
 */
export function parseLoad(text: string): LoadReport | undefined {
  if (text.length > MOST_CHARACTERS) return undefined;
  const values = new Map<string, number>();
  for (const part of text.split(',')) {
    const [, key = '', digits = ''] = MEMBER.exec(part.trim()) ?? [];
    if (key === '' || values.has(key)) return undefined;
    values.set(key, Number(digits));
  }
  const delayMs = values.get('delay');
  const queue = values.get('queue');
  if (delayMs === undefined || queue === undefined || !Number.isInteger(queue)) return undefined;
  return delayMs <= MOST_DELAY_MS && queue <= MOST_QUEUE ? { delayMs, queue } : undefined;
}

/**
 * Takes the reports out of an answer's fields, all of them, so that none goes on to a client, and returns what they
 * say. To be called with answers of configured upstreams only: whoever is believed here draws requests to itself.
 * @param fields - name and value pairs; changed.
 * @returns undefined when there was no report, more than one, or one that cannot be read.
 */
export function takeLoad(fields: [string, string][]): LoadReport | undefined {
  const found: string[] = [];
  let kept = 0;
  for (const field of fields) {
    if (field[0].toLowerCase() === FIELD_LOWER) found.push(field[1]);
    else fields[kept++] = field;
  }
  fields.length = kept;
  return found.length === 1 ? parseLoad(found[0] as string) : undefined;
}

const FIELD_LOWER = LOAD_FIELD.toLowerCase();

import type { Claim, Limit } from './store.ts';

/*
 * What workers and their keeper say to each other over a Unix socket: lines of JSON, each a list of messages. All
 * that is said within one turn of the event loop goes in one line.
 */

/** Tells of a limit, by a number that claims name it with: fields as in `Limit`. */
export type LimitMessage = readonly [type: 0, index: number, ...limit: (string | number)[]];
/** Claims, three fields each: index of the limit, key, member. */
export type AcquireMessage = readonly [type: 1, id: number, want: number, ...claims: (string | number)[]];
/** Gives back what the request of this id holds. */
export type ReleaseMessage = readonly [type: 2, id: number];
/** What a worker says. */
export type Message = LimitMessage | AcquireMessage | ReleaseMessage;

/** What the keeper answers to an acquire message. */
export type Reply = readonly [
  id: number,
  refusedBy: number,
  delayMs: number,
  retryAfterMs: number,
  extra: number,
];

/** A line that is longer is no line of ours: about ten thousand requests of one turn. */
const MAX_LINE_CHARACTERS = 4_194_304;

/** Cuts what arrives into the messages of its lines. */
export class LineReader<Item> {
  #rest = '';

  /** @throws SyntaxError for what is no JSON; RangeError for a line that never ends. */
  push(chunk: string): Item[] {
    const lines = (this.#rest + chunk).split('\n');
    this.#rest = lines.pop() as string;
    if (this.#rest.length > MAX_LINE_CHARACTERS) throw new RangeError('a line is too long');
    return lines.flatMap((line) => JSON.parse(line) as Item[]);
  }
}

/** Collects what is said within a turn of the event loop, and sends it as one line. */
export class LineSender<Item> {
  readonly #send: (line: string) => void;
  #items: Item[] = [];

  constructor(send: (line: string) => void) {
    this.#send = send;
  }

  push(item: Item): void {
    if (this.#items.push(item) === 1) setImmediate(() => this.#flush());
  }

  #flush(): void {
    const items = this.#items;
    this.#items = [];
    this.#send(`${JSON.stringify(items)}\n`);
  }
}

export function writeLimit(index: number, limit: Limit): LimitMessage {
  return limit.kind === 'rate'
    ? [0, index, limit.name, limit.rate, limit.burst, limit.delay]
    : [0, index, limit.name, limit.max];
}

/** @throws TypeError for what is no limit. */
export function readLimit(fields: readonly (string | number)[]): Limit {
  const [name, ...numbers] = fields;
  if (typeof name !== 'string' || !numbers.every((number) => Number.isFinite(number))) {
    throw new TypeError('no limit');
  }
  const [first = 0, burst, delay] = numbers as number[];
  return burst === undefined || delay === undefined
    ? { kind: 'concurrency', name, max: first }
    : { kind: 'rate', name, rate: first, burst, delay };
}

/** @throws TypeError for claims of limits that were never told. */
export function readClaims(fields: readonly (string | number)[], limits: readonly Limit[]): Claim[] {
  const claims: Claim[] = [];
  for (let i = 0; i < fields.length; i += 3) {
    const limit = limits[fields[i] as number];
    if (limit === undefined) throw new TypeError('a claim of no limit');
    const member = String(fields[i + 2]);
    claims.push({ limit, key: String(fields[i + 1]), member: member === '' ? undefined : member });
  }
  return claims;
}

import type { ResponseInFlight } from './flight.ts';

/*
 * What processes that share a folder say to each other over Unix sockets in it: lines of JSON. Who waits for what
 * another fetches names it once, and is then told what becomes of it.
 */

/** The name of a fetch is the digest of its key. */
export interface FollowMessage {
  readonly id: number;
  readonly follow: string;
}

/** What is told of a response on its way; its body is in a file that grows. */
export type HeadInFlight = Omit<ResponseInFlight, 'body'>;

/** What becomes of a fetch. The last four end it. */
export type FetchEvent =
  | { readonly kind: 'streaming'; readonly head: HeadInFlight; readonly file: string; readonly size: number }
  /** So much of the body is in the file. */
  | { readonly kind: 'bytes'; readonly size: number }
  /** The body is whole. */
  | { readonly kind: 'end'; readonly size: number }
  /** It is in the folder now; `detail`: it stands in for an error. */
  | { readonly kind: 'stored'; readonly detail: string | undefined }
  /** Each must ask for itself; until a time, where it is known not to be stored. */
  | { readonly kind: 'nothing'; readonly passUntilMs: number | undefined }
  /** Nobody fetches it here: whoever needs it looks again. */
  | { readonly kind: 'over' }
  /** Who fetched it is gone. */
  | { readonly kind: 'lost' };

const ENDS: ReadonlySet<FetchEvent['kind']> = new Set(['stored', 'nothing', 'over', 'lost']);

export function isEnd({ kind }: FetchEvent): boolean {
  return ENDS.has(kind);
}

export interface EventMessage {
  readonly id: number;
  readonly event: FetchEvent;
}

/** A line that is longer is no line of ours: heads are limited long before. */
const MAX_LINE_CHARACTERS = 1_048_576;

/** Cuts what arrives into messages. */
export class MessageReader<Message> {
  #rest = '';

  /** @throws SyntaxError for what is no JSON; RangeError for a line that never ends. */
  push(text: string): Message[] {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop() as string;
    if (this.#rest.length > MAX_LINE_CHARACTERS) throw new RangeError('a line is too long');
    return lines.map((line) => JSON.parse(line) as Message);
  }
}

export function writeMessage(message: FollowMessage | EventMessage): string {
  return `${JSON.stringify(message)}\n`;
}

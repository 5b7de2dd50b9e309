import { type FieldFacts, latin1 } from './fields.ts';

const CR = 0x0d;
const LF = 0x0a;

/** Longer sections are rarely repeated, and a connection should not keep them. */
const MAX_SECTION_LENGTH = 4096;
/** How many heads may pass before a client that never repeats itself is tried again. */
const MAX_PAUSE = 63;

/**
 * The field section of a connection's last head. The next head mostly repeats it byte for byte (a browser that
 * fetches pictures, an API's client, a probe): then its fields are known without being read again, which costs a
 * tenth. A section that differs in one byte is read like any other.
 */
export class LastFields {
  readonly #lineTable: Uint8Array;
  /** From behind the start line to the end of the head, with its CRLFs. */
  #section = '';
  #facts: FieldFacts | undefined;
  /** Heads that are neither compared nor kept: the more of them, the longer the client has not repeated itself. */
  #pause = 0;
  #lastPause = 0;
  /** Where the start line of the head that {@link match} found ends. */
  lineEnd = 0;

  /** @param lineTable - 1 for each byte that a start line may have. */
  constructor(lineTable: Uint8Array) {
    this.#lineTable = lineTable;
  }

  /**
   * Finds a whole head that repeats the fields of the last one.
   * @returns where the bytes behind that head begin; -1 when it is not there as a whole, or has other fields.
   */
  match(bytes: Uint8Array, from: number): number {
    if (this.#pause > 0 || this.#section === '') return -1;
    const end = this.#compare(bytes, from);
    this.#lastPause = end === -1 ? Math.min(MAX_PAUSE, 2 * this.#lastPause + 1) : 0;
    this.#pause = this.#lastPause;
    return end;
  }

  #compare(bytes: Uint8Array, from: number): number {
    const { length } = this.#section;
    const latest = bytes.length - length - 2;
    if (latest <= from) return -1;
    const table = this.#lineTable;
    let lineEnd = from;
    while (lineEnd < latest && table[bytes[lineEnd]!] === 1) lineEnd++;
    if (lineEnd === from || bytes[lineEnd] !== CR || bytes[lineEnd + 1] !== LF) return -1;
    const end = lineEnd + 2 + length;
    // The empty line first: nearly all that differ, differ in length.
    if (bytes[end - 1] !== LF || bytes[end - 3] !== LF) return -1;
    if (latin1(bytes, lineEnd + 2, end) !== this.#section) return -1;
    this.lineEnd = lineEnd;
    return end;
  }

  /** The fields of the head that {@link match} has found. */
  get facts(): FieldFacts {
    return this.#facts as FieldFacts;
  }

  /** Keeps the fields of a head. @param text - the whole head. @param lineEnd - where its start line ends. */
  keep(text: string, lineEnd: number, facts: FieldFacts): void {
    if (--this.#pause > 0) return;
    this.#pause = 0;
    const start = text.charCodeAt(lineEnd) === CR ? lineEnd + 2 : lineEnd + 1;
    if (text.length - start > MAX_SECTION_LENGTH) return this.forget();
    this.#section = text.substring(start);
    this.#facts = facts;
  }

  /** Gives the memory back. */
  forget(): void {
    this.#section = '';
    this.#facts = undefined;
    this.#pause = this.#lastPause = 0;
  }
}

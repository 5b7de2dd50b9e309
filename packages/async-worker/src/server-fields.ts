import { serializeFields } from '@highball/http-parser';

/** The fields that every response has from the server itself: Date, made once a second, and Server. */
export class ServerFields {
  /** The value of Server; false for none. */
  readonly name: string | false;
  readonly #serverLine: string;
  readonly #wallClock: () => number;
  #second = -1;
  #date = '';
  #dateLine = '';
  #both = '';

  /**
   * @param serverName - the value of Server; false for none.
   * @param wallClock - milliseconds since 1970.
   * @throws LocalProtocolError when the name cannot be sent.
   */
  constructor(serverName: string | false, wallClock: () => number = Date.now) {
    this.name = serverName;
    this.#serverLine = serverName === false ? '' : serializeFields([['Server', serverName]]);
    this.#wallClock = wallClock;
  }

  /** The lines for a response that brings neither, or one, or both of them by itself. */
  lines(hasDate: boolean, hasServer: boolean): string {
    this.#refresh();
    if (!hasDate && !hasServer) return this.#both;
    return (hasDate ? '' : this.#dateLine) + (hasServer ? '' : this.#serverLine);
  }

  /** The value of Date. */
  get date(): string {
    this.#refresh();
    return this.#date;
  }

  /** An origin server with a clock sends Date (RFC 9110 §6.6.1), as IMF-fixdate (§5.6.7). */
  #refresh(): void {
    const second = Math.floor(this.#wallClock() / 1000);
    if (second === this.#second) return;
    this.#second = second;
    this.#date = new Date(second * 1000).toUTCString();
    this.#dateLine = `Date: ${this.#date}\r\n`;
    this.#both = this.#dateLine + this.#serverLine;
  }
}

import { Buffer } from 'node:buffer';
import { UpstreamError } from './errors.ts';

/** What would begin another line, or is no byte. */
// oxlint-disable-next-line no-control-regex
const UNSENDABLE = /[\0\r\n\u0100-\uffff]/;

/** Fields that go to upstreams; their text is checked and written once, for all requests that have them. */
export class SentFields {
  /** Flat. */
  readonly list: readonly string[];
  #text: string | undefined;
  #host: string | undefined;
  #withHost: SentFields | undefined;

  constructor(list: readonly string[]) {
    this.list = list;
  }

  /**
   * A line each.
   * @throws UpstreamError BAD_REQUEST
   */
  get text(): string {
    return (this.#text ??= flatten(serializeLines(this.list)));
  }

  /** The same with another Host. */
  withHost(host: string): SentFields {
    if (this.#withHost !== undefined && this.#host === host) return this.#withHost;
    this.#host = host;
    this.#withHost = new SentFields(
      this.list.map((text, i) => (i % 2 === 1 && this.list[i - 1] === 'Host' ? host : text)),
    );
    return this.#withHost;
  }
}

/**
 * Writes fields, a line each.
 * @throws UpstreamError BAD_REQUEST for what could be read as another request: something in between has made it.
 */
export function serializeLines(list: readonly string[]): string {
  let lines = '';
  for (let i = 0; i < list.length; i += 2) {
    const value = list[i + 1] as string;
    if (UNSENDABLE.test(value)) throw unsendable(list[i] as string);
    lines += `${list[i]}: ${value}\r\n`;
  }
  return lines;
}

/** @throws UpstreamError BAD_REQUEST for a value that no protocol can carry as one. */
export function checkValue(name: string, value: string): void {
  if (UNSENDABLE.test(value)) throw unsendable(name);
}

/** The error of a request that cannot be sent. */
export function unsendable(what: string): UpstreamError {
  const shown = JSON.stringify(what.slice(0, 100));
  return new UpstreamError('BAD_REQUEST', `the request cannot be sent: ${shown}`);
}

/** The same text in one piece: V8 would put it together anew for each write. */
function flatten(text: string): string {
  return Buffer.from(text, 'latin1').toString('latin1');
}

import { styleText } from 'node:util';

type Format = Parameters<typeof styleText>[0];

/** Writes lines, in colour where there is a terminal that wants it ($NO_COLOR, $FORCE_COLOR: see styleText). */
export class Terminal {
  readonly #stream: NodeJS.WritableStream;

  constructor(stream: NodeJS.WritableStream) {
    this.#stream = stream;
    // Nobody reads any more, as behind `| head`: no reason to stop serving.
    stream.on('error', () => undefined);
  }

  line(text: string): void {
    this.#stream.write(`${text}\n`);
  }

  /** A text in a style, if the terminal has styles. */
  style(format: Format, text: string): string {
    return styleText(format, text, { stream: this.#stream });
  }
}

/** The time of day, on this machine's clock. */
export function timeOfDay(date: Date = new Date()): string {
  return date.toTimeString().slice(0, 8);
}

/** What a client sent must not be able to write lines, or terminal sequences, of its own. */
export function printable(text: string, keepLines = false): string {
  return text.replaceAll(/[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu, (character) =>
    keepLines && (character === '\n' || character === '\t')
      ? character
      : `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`,
  );
}

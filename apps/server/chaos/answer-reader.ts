/** A whole answer. */
export interface Answer {
  readonly status: number;
  readonly fields: ReadonlyMap<string, string>;
  readonly body: Buffer;
  /** Whether another request may follow on the connection. */
  readonly persists: boolean;
}

const HEAD_END = Buffer.from('\r\n\r\n');
const LINE_END = Buffer.from('\r\n');

/**
 * Reads answers from the bytes of a connection. It is written for this test and shares no code with the server, so
 * that the two do not agree about a mistake.
 */
export class AnswerReader {
  #bytes: Buffer = Buffer.alloc(0);

  /** Whether a part of an answer has come. */
  get begun(): boolean {
    return this.#bytes.length > 0;
  }

  push(bytes: Buffer): void {
    this.#bytes = this.#bytes.length === 0 ? bytes : Buffer.concat([this.#bytes, bytes]);
  }

  /**
   * Takes a whole answer out.
   * @returns undefined while it is not complete. @throws Error when it is no HTTP/1.1 answer with a length.
   */
  take(): Answer | undefined {
    const end = this.#bytes.indexOf(HEAD_END);
    if (end < 0) return undefined;
    const head = parseHead(this.#bytes.toString('latin1', 0, end));
    const start = end + HEAD_END.length;
    const content = readContent(head.fields, this.#bytes, start);
    if (!content) return undefined;
    this.#bytes = this.#bytes.subarray(content.end);
    return { ...head, body: content.body, persists: head.fields.get('connection') !== 'close' };
  }
}

function parseHead(text: string): { status: number; fields: Map<string, string> } {
  const [first = '', ...lines] = text.split('\r\n');
  const status = /^HTTP\/1\.1 (\d{3})(?: |$)/.exec(first)?.[1];
  if (status === undefined) throw new Error(`no status line of HTTP/1.1: ${JSON.stringify(first)}`);
  const fields = lines.map((line): [string, string] => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
  });
  return { status: Number(status), fields: new Map(fields) };
}

interface Content {
  readonly body: Buffer;
  /** Where the next answer begins. */
  readonly end: number;
}

function readContent(fields: ReadonlyMap<string, string>, bytes: Buffer, start: number): Content | undefined {
  if (fields.get('transfer-encoding') === 'chunked') return readChunks(bytes, start);
  const length = Number(fields.get('content-length') ?? Number.NaN);
  if (!Number.isSafeInteger(length)) throw new Error('an answer of unknown length');
  const end = start + length;
  return bytes.length < end ? undefined : { body: bytes.subarray(start, end), end };
}

/** RFC 9112, 7.1, without extensions and trailers, which the server under test sends none of. */
function readChunks(bytes: Buffer, start: number): Content | undefined {
  const pieces: Buffer[] = [];
  for (let at = start; ;) {
    const lineEnd = bytes.indexOf(LINE_END, at);
    if (lineEnd < 0) return undefined;
    const text = bytes.toString('latin1', at, lineEnd);
    if (!/^[0-9a-f]+$/i.test(text)) throw new Error(`no size of a chunk: ${JSON.stringify(text)}`);
    const size = Number.parseInt(text, 16);
    const piece = lineEnd + LINE_END.length;
    at = piece + size + LINE_END.length;
    if (bytes.length < at) return undefined;
    if (bytes.toString('latin1', piece + size, at) !== '\r\n') throw new Error('a chunk of the wrong size');
    if (size === 0) return { body: Buffer.concat(pieces), end: at };
    pieces.push(bytes.subarray(piece, piece + size));
  }
}

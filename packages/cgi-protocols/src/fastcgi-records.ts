import { LocalProtocolError, RemoteProtocolError } from './errors.ts';
import { asBuffer, Gather } from './gather.ts';

/** Types of records (FastCGI 1.0 §8, "Types and Constants"). */
export const RECORD = {
  BEGIN_REQUEST: 1,
  ABORT_REQUEST: 2,
  END_REQUEST: 3,
  PARAMS: 4,
  STDIN: 5,
  STDOUT: 6,
  STDERR: 7,
  DATA: 8,
  GET_VALUES: 9,
  GET_VALUES_RESULT: 10,
  UNKNOWN_TYPE: 11,
} as const;

/** `struct FCGI_Header`: version, type, request id, content length, padding length, reserved (§3.3). */
const HEADER_BYTES = 8;
const VERSION_1 = 1;
/** Below the 65,535 that fit, and a multiple of eight: full records need no padding. */
const MAX_CONTENT_BYTES = 65_528;
const MAX_REQUEST_ID = 0xffff;

/** The bytes that bring a content of this length to a multiple of eight, as §3.3 recommends. */
function paddingOf(length: number): number {
  return -length & 7;
}

/** Writes the header of a record. @throws LocalProtocolError BAD_REQUEST_ID, TOO_LARGE */
export function recordHeader(type: number, requestId: number, length: number, padding: number): Buffer {
  if (!Number.isInteger(requestId) || requestId < 0 || requestId > MAX_REQUEST_ID) {
    throw new LocalProtocolError('BAD_REQUEST_ID', `the request id ${requestId}`);
  }
  if (length > 0xffff) throw new LocalProtocolError('TOO_LARGE', `a record of ${length} bytes`);
  const header = Buffer.allocUnsafe(HEADER_BYTES);
  header[0] = VERSION_1;
  header[1] = type;
  header.writeUInt16BE(requestId, 2);
  header.writeUInt16BE(length, 4);
  header[6] = padding;
  header[7] = 0;
  return header;
}

const PADDING = Buffer.alloc(8);

/**
 * Frames a piece of a stream: records, ready to be written one after the other. The content is not copied. Of an
 * empty piece nothing comes, since an empty record ends the stream: {@link endOfStream}.
 */
export function frameStream(type: number, requestId: number, content: Uint8Array): Uint8Array[] {
  const parts: Uint8Array[] = [];
  for (let at = 0; at < content.length; at += MAX_CONTENT_BYTES) {
    const part = content.subarray(at, at + MAX_CONTENT_BYTES);
    const padding = paddingOf(part.length);
    parts.push(recordHeader(type, requestId, part.length, padding), part);
    if (padding > 0) parts.push(PADDING.subarray(0, padding));
  }
  return parts;
}

/** The empty record that ends a stream (§3.3, "stream record types"). */
export function endOfStream(type: number, requestId: number): Buffer {
  return recordHeader(type, requestId, 0, 0);
}

/** A record that stands for itself (§3.3, "discrete record types"). */
export function discreteRecord(type: number, requestId: number, content: Uint8Array): Buffer {
  const padding = paddingOf(content.length);
  const header = recordHeader(type, requestId, content.length, padding);
  return Buffer.concat([header, content, PADDING.subarray(0, padding)]);
}

/** What is told of each record, in this order. */
export interface RecordHandler {
  onRecord(type: number, requestId: number, length: number): void;
  /** A piece of the content: a view into the bytes that were pushed. */
  onContent(chunk: Buffer): void;
  onRecordEnd(): void;
}

/** Splits the bytes of a connection into records, whose contents are passed on as they come. */
export class RecordParser {
  readonly #handler: RecordHandler;
  readonly #gather = new Gather();
  #content = 0;
  #padding = 0;
  #inRecord = false;

  constructor(handler: RecordHandler) {
    this.#handler = handler;
  }

  /** Whether the bytes so far end with a record. */
  get atBoundary(): boolean {
    return !this.#inRecord && this.#gather.size === 0;
  }

  /** @throws RemoteProtocolError BAD_VERSION, and whatever the handler throws. */
  push(bytes: Uint8Array): void {
    const buffer = asBuffer(bytes);
    let at = 0;
    while (at < buffer.length) {
      if (!this.#inRecord) {
        const { whole, taken } = this.#gather.take(buffer, at, HEADER_BYTES);
        at += taken;
        if (whole === undefined) return;
        this.#begin(whole);
      } else if (this.#content > 0) {
        const chunk = buffer.subarray(at, at + this.#content);
        at += chunk.length;
        this.#content -= chunk.length;
        this.#handler.onContent(chunk);
      } else {
        const skipped = Math.min(this.#padding, buffer.length - at);
        at += skipped;
        this.#padding -= skipped;
      }
      this.#endWhenWhole();
    }
  }

  #begin(header: Buffer): void {
    if (header[0] !== VERSION_1) {
      throw new RemoteProtocolError('BAD_VERSION', `a record of FastCGI version ${header[0]}`);
    }
    this.#content = header.readUInt16BE(4);
    this.#padding = header[6] as number;
    this.#inRecord = true;
    this.#handler.onRecord(header[1] as number, header.readUInt16BE(2), this.#content);
  }

  #endWhenWhole(): void {
    if (!this.#inRecord || this.#content > 0 || this.#padding > 0) return;
    this.#inRecord = false;
    this.#handler.onRecordEnd();
  }
}

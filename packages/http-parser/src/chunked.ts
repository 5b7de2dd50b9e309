import { RemoteProtocolError } from './errors.ts';
import { FIELD_VALUE, HEX_VALUE, isOws, TOKEN } from './grammar.ts';

const CR = 0x0d;
const LF = 0x0a;

/** Where in a chunked body (RFC 9112 §7.1) the decoder stands. */
const State = {
  SizeFirst: 0,
  Size: 1,
  ExtensionStart: 2,
  ExtensionName: 3,
  ExtensionAfterName: 4,
  ExtensionValueStart: 5,
  ExtensionToken: 6,
  ExtensionQuoted: 7,
  ExtensionEscape: 8,
  ExtensionAfterValue: 9,
  SizeLf: 10,
  Data: 11,
  DataCr: 12,
  DataLf: 13,
} as const;

const SEMICOLON = 0x3b;
const EQUALS = 0x3d;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/**
 * Decodes the chunks of a body up to the last one; the trailer section behind it is the caller's. Sizes are
 * hexadecimal digits and nothing else: no sign, no prefix, no space. Extensions must follow the grammar, are
 * counted over the whole body, and are dropped.
 */
export class ChunkedDecoder {
  #state: number = State.SizeFirst;
  #left = 0;
  #extensionBytes = 0;
  readonly #maxExtensionBytes: number;
  readonly #allowBareLf: boolean;

  constructor(options: { maxChunkExtensionBytes: number; allowBareLf: boolean }) {
    this.#maxExtensionBytes = options.maxChunkExtensionBytes;
    this.#allowBareLf = options.allowBareLf;
  }

  /** Bytes of data that stand at the position {@link next} returned; they are to be taken before the next call. */
  get available(): number {
    return this.#state === State.Data ? this.#left : 0;
  }

  /** Says that so many bytes of data have been taken. */
  take(count: number): void {
    this.#left -= count;
    if (this.#left === 0) this.#state = State.DataCr;
  }

  /**
   * Goes through the bytes between the data.
   * @returns where the next data begins (then `available` is more than 0); where the trailer section begins, as
   *   a negative number, -1 - position; or `end`, when more bytes are needed.
   * @throws RemoteProtocolError
   */
  next(bytes: Uint8Array, from: number, end: number): number {
    for (let position = from; position < end; position++) {
      if (this.#state === State.Data) return position;
      const sizeEnded = this.#step(bytes[position]!);
      if (sizeEnded && this.#left === 0) return -1 - (position + 1);
    }
    return end;
  }

  /** Takes one byte; says whether the line of a size has ended. */
  #step(byte: number): boolean {
    switch (this.#state) {
      case State.SizeFirst:
      case State.Size:
        return this.#size(byte);
      case State.SizeLf:
        if (byte !== LF) throw new RemoteProtocolError('BARE_CR', 'CR without LF behind a chunk size');
        return this.#endSize();
      case State.DataCr:
        if (byte === CR) this.#state = State.DataLf;
        else if (byte === LF && this.#allowBareLf) this.#state = State.SizeFirst;
        else throw new RemoteProtocolError('BAD_CHUNK_END', 'no CRLF behind the data of a chunk');
        return false;
      case State.DataLf:
        if (byte !== LF) throw new RemoteProtocolError('BAD_CHUNK_END', 'no CRLF behind the data of a chunk');
        this.#state = State.SizeFirst;
        return false;
      default:
        if (++this.#extensionBytes > this.#maxExtensionBytes) {
          throw new RemoteProtocolError(
            'CHUNK_EXTENSION_TOO_LARGE',
            `chunk extensions of more than ${this.#maxExtensionBytes} bytes`,
          );
        }
        return this.#extension(byte);
    }
  }

  #size(byte: number): boolean {
    const digit = HEX_VALUE[byte]!;
    if (digit >= 0) {
      if (this.#state === State.SizeFirst) this.#left = 0;
      this.#state = State.Size;
      this.#left = this.#left * 16 + digit;
      if (this.#left > Number.MAX_SAFE_INTEGER)
        throw new RemoteProtocolError('BAD_CHUNK_SIZE', 'a chunk past 2^53 bytes');
      return false;
    }
    if (this.#state === State.SizeFirst)
      throw new RemoteProtocolError('BAD_CHUNK_SIZE', 'a chunk without a size');
    if (byte === SEMICOLON) {
      this.#state = State.ExtensionStart;
      return false;
    }
    return this.#endOfLine(byte, 'BAD_CHUNK_SIZE');
  }

  /** `*( BWS ";" BWS chunk-ext-name [ BWS "=" BWS chunk-ext-val ] )` (RFC 9112 §7.1.1). */
  #extension(byte: number): boolean {
    switch (this.#state) {
      case State.ExtensionStart:
        if (TOKEN[byte] === 1) this.#state = State.ExtensionName;
        else if (!isOws(byte)) throw badExtension();
        return false;
      case State.ExtensionName:
        if (TOKEN[byte] === 1) return false;
        return this.#afterName(byte);
      case State.ExtensionAfterName:
        return this.#afterName(byte);
      case State.ExtensionValueStart:
        if (byte === QUOTE) this.#state = State.ExtensionQuoted;
        else if (TOKEN[byte] === 1) this.#state = State.ExtensionToken;
        else if (!isOws(byte)) throw badExtension();
        return false;
      case State.ExtensionToken:
        if (TOKEN[byte] === 1) return false;
        return this.#afterValue(byte);
      case State.ExtensionQuoted:
        if (byte === QUOTE) this.#state = State.ExtensionAfterValue;
        else if (byte === BACKSLASH) this.#state = State.ExtensionEscape;
        else if (FIELD_VALUE[byte] !== 1) throw badExtension();
        return false;
      case State.ExtensionEscape:
        if (FIELD_VALUE[byte] !== 1) throw badExtension();
        this.#state = State.ExtensionQuoted;
        return false;
      default:
        return this.#afterValue(byte);
    }
  }

  #afterName(byte: number): boolean {
    if (byte === EQUALS) {
      this.#state = State.ExtensionValueStart;
      return false;
    }
    if (isOws(byte)) {
      this.#state = State.ExtensionAfterName;
      return false;
    }
    return this.#afterValue(byte);
  }

  #afterValue(byte: number): boolean {
    if (byte === SEMICOLON) this.#state = State.ExtensionStart;
    else if (isOws(byte)) this.#state = State.ExtensionAfterValue;
    else return this.#endOfLine(byte, 'BAD_CHUNK_EXTENSION');
    return false;
  }

  #endOfLine(byte: number, otherwise: 'BAD_CHUNK_SIZE' | 'BAD_CHUNK_EXTENSION'): boolean {
    if (byte === CR) {
      this.#state = State.SizeLf;
      return false;
    }
    if (byte !== LF) throw new RemoteProtocolError(otherwise, 'a byte that no chunk line may hold');
    if (!this.#allowBareLf) throw new RemoteProtocolError('BARE_LF', 'a chunk line ends with LF alone');
    return this.#endSize();
  }

  #endSize(): boolean {
    this.#state = this.#left === 0 ? State.SizeFirst : State.Data;
    return true;
  }
}

function badExtension(): RemoteProtocolError {
  return new RemoteProtocolError(
    'BAD_CHUNK_EXTENSION',
    'a chunk extension that is no name, token or quoted string',
  );
}

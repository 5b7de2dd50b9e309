import { Buffer } from 'node:buffer';
import { LocalProtocolError } from './errors.ts';
import { type FieldPairs, serializeChunkHead, serializeLastChunk } from './serializer.ts';

/** Frames the body of one message that is sent, and holds it to what its head has promised. */
export class BodyWriter {
  readonly #framing: 'none' | 'length' | 'chunked' | 'until-close';
  #left: number;

  constructor(framing: 'none' | 'length' | 'chunked' | 'until-close', length = 0) {
    this.#framing = framing;
    this.#left = length;
  }

  /** @throws LocalProtocolError BAD_BODY_LENGTH when the message has no body, or a shorter one. */
  data(data: Uint8Array): Buffer {
    if (data.length === 0) return EMPTY;
    if (this.#framing === 'chunked')
      return Buffer.concat([Buffer.from(serializeChunkHead(data.length)), data, CRLF]);
    if (this.#framing !== 'until-close') {
      if (data.length > this.#left)
        throw new LocalProtocolError('BAD_BODY_LENGTH', 'more bytes than the head has promised');
      this.#left -= data.length;
    }
    return Buffer.from(data.buffer, data.byteOffset, data.length);
  }

  /** @throws LocalProtocolError BAD_BODY_LENGTH when bytes are missing, or the framing takes no trailers. */
  end(trailers: FieldPairs): Buffer {
    if (this.#framing === 'chunked') return Buffer.from(serializeLastChunk(trailers), 'latin1');
    if (this.#left > 0)
      throw new LocalProtocolError('BAD_BODY_LENGTH', `${this.#left} bytes of the body are missing`);
    if (trailers.length > 0)
      throw new LocalProtocolError('BAD_BODY_LENGTH', 'only a chunked body has trailers');
    return EMPTY;
  }
}

const EMPTY = Buffer.alloc(0);
const CRLF = Buffer.from('\r\n');

import type { Codec, EncodingStream } from './codec.ts';
import { CompressionError } from './errors.ts';

const NOTHING: Buffer = Buffer.alloc(0);

/**
 * A compressor that is asked piece by piece: what one piece gives is all there before the next is taken. So memory
 * is bounded by the piece, nothing is read ahead, and there is neither a pipe nor an event on the way.
 */
export class Encoder {
  readonly #stream: EncodingStream;
  readonly #finishKind: number;
  #settle: ((error?: Error) => void) | undefined;
  #failure: Error | undefined;
  #destroyed = false;

  constructor({ createStream, finishKind }: Pick<Codec, 'createStream' | 'finishKind'>, flush: boolean) {
    this.#stream = createStream(flush);
    this.#finishKind = finishKind;
    this.#stream.on('error', (error) => {
      this.#failure = error;
      this.#settle?.(error);
    });
  }

  /** @returns what came out for a piece; nothing, when the encoder was destroyed meanwhile. */
  encode(chunk: Uint8Array | string): Promise<Buffer> {
    return this.#take((done) => this.#stream.write(chunk, done));
  }

  /** @returns the end of the encoded body; the encoder is of no use afterwards. */
  finish(): Promise<Buffer> {
    // Not end(): node:zlib calls back from that before the end is encoded.
    return this.#take((done) => this.#stream.flush(this.#finishKind, done));
  }

  /** Gives the native memory back, also in the middle of a piece. */
  destroy(): void {
    this.#destroyed = true;
    this.#stream.destroy();
    this.#settle?.();
  }

  #take(begin: (done: (error?: Error | null) => void) => void): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      this.#settle = (error) => {
        this.#settle = undefined;
        if (this.#destroyed) resolve(NOTHING);
        else if (error)
          reject(new CompressionError('ENCODER_FAILED', 'the encoder has failed', { cause: error }));
        else resolve((this.#stream.read() as Buffer | null) ?? NOTHING);
      };
      if (this.#destroyed || this.#failure) this.#settle(this.#failure);
      else begin((error) => this.#settle?.(error ?? undefined));
    });
  }
}

/** An encoder in use, and how to give it back; that may be called again. */
export interface OpenEncoder {
  readonly encoder: Encoder;
  readonly release: () => void;
}

/** The places of the encoders that may be open at the same time. */
export class EncoderSlots {
  readonly #max: number;
  #open = 0;

  constructor(max: number) {
    this.#max = max;
  }

  /** Whether no more may be opened. */
  get full(): boolean {
    return this.#open >= this.#max;
  }

  /**
   * Opens an encoder.
   * @param flush - whether all of a piece comes out with it.
   */
  take(codec: Codec, flush: boolean): OpenEncoder {
    const encoder = new Encoder(codec, flush);
    let held = true;
    this.#open++;
    const release = (): void => {
      if (!held) return;
      held = false;
      this.#open--;
      encoder.destroy();
    };
    return { encoder, release };
  }
}

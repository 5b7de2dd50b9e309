import { type InputMisuse, InputReader } from '@highball/gateway-protocol';
import { GatewayApplicationError } from './errors.ts';

/** The body of a `Request` as a gateway application reads it (PEP 3333, "Input and Error Streams"). */
export class WebInput extends InputReader {
  readonly #stream: ReadableStream<Uint8Array> | null;
  #reader: ReadableStreamDefaultReader<Uint8Array> | undefined;

  constructor(stream: ReadableStream<Uint8Array> | null) {
    super();
    this.#stream = stream;
  }

  /** Nobody reads the rest. */
  async cancel(): Promise<void> {
    if (this.#reader !== undefined) await this.#reader.cancel();
    else if (this.#stream?.locked === false) await this.#stream.cancel();
  }

  protected override async nextPiece(): Promise<Uint8Array | undefined> {
    for (;;) {
      this.#reader ??= this.#stream?.getReader();
      if (this.#reader === undefined) return undefined;
      const { done, value } = await this.#reader.read();
      if (done) return undefined;
      if (value.length > 0) return value;
    }
  }

  protected override misuse(code: InputMisuse, message: string): GatewayApplicationError {
    return new GatewayApplicationError(code, message);
  }
}

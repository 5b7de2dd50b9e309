import { type AsgiReceive, type InputMisuse, InputReader } from '@highball/gateway-protocol';
import { AsgiProtocolError, ClientDisconnected } from './errors.ts';

/** `wsgi.input` on the events of an http scope (PEP 3333, "Input and Error Streams"). */
export class ReceiveInput extends InputReader {
  readonly #receive: AsgiReceive;
  readonly #onEnd: () => void;
  #ended = false;
  #gone = false;

  /** @param onEnd - the body was read to its end: what `receive` tells next is that the client has left. */
  constructor(receive: AsgiReceive, onEnd: () => void) {
    super();
    this.#receive = receive;
    this.#onEnd = onEnd;
  }

  protected override async nextPiece(): Promise<Uint8Array | undefined> {
    while (!this.#ended) {
      if (this.#gone) throw new ClientDisconnected();
      const event = await this.#receive();
      if (event.type !== 'http.request') {
        this.#gone = true;
        continue;
      }
      if (event.more_body !== true) {
        this.#ended = true;
        this.#onEnd();
      }
      if (event.body?.length > 0) return event.body;
    }
    return undefined;
  }

  protected override misuse(code: InputMisuse, message: string): AsgiProtocolError {
    return new AsgiProtocolError(code, message);
  }
}

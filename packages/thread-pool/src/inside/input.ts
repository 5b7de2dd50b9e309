import { type InputMisuse, InputReader } from '@highball/gateway-protocol';
import { ApplicationError } from '../errors.ts';
import type { Inlet } from '../inlet.ts';

/** `wsgi.input` inside a thread (PEP 3333, "Input and Error Streams"). */
export class ThreadInput extends InputReader {
  readonly #inlet: Inlet;
  /** Called before the first read: the client may wait for 100 Continue. */
  #onWanted: (() => void) | undefined;

  constructor(inlet: Inlet, onWanted?: () => void) {
    super();
    this.#inlet = inlet;
    this.#onWanted = onWanted;
  }

  /** Whether the application has read all of it. */
  get consumed(): boolean {
    return !this.hasRest && this.#inlet.consumed;
  }

  protected override async nextPiece(): Promise<Uint8Array | undefined> {
    this.#onWanted?.();
    this.#onWanted = undefined;
    return (await this.#inlet.next()) as Uint8Array | undefined;
  }

  protected override misuse(code: InputMisuse, message: string): ApplicationError {
    return new ApplicationError(code, message);
  }
}

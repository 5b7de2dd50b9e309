import { type InputMisuse, InputReader } from '@highball/gateway-protocol';
import type { IncomingMessage } from 'node:http';
import { HandlerError, ClientGoneError } from './errors.ts';

/** The body of a node:http request as `wsgi.input` (PEP 3333, "Input and Error Streams"). */
export class NodeInput extends InputReader {
  readonly #request: IncomingMessage;
  #listening = false;
  #wake: (() => void) | undefined;

  constructor(request: IncomingMessage) {
    super();
    this.#request = request;
  }

  protected override async nextPiece(): Promise<Uint8Array | undefined> {
    const request = this.#request;
    for (;;) {
      const chunk = request.read() as Uint8Array | null;
      if (chunk !== null) return chunk;
      if (request.readableEnded) return undefined;
      if (request.destroyed) throw new ClientGoneError({ cause: request.errored ?? undefined });
      this.#listen();
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  protected override misuse(code: InputMisuse, message: string): HandlerError {
    return new HandlerError(code, message);
  }

  #listen(): void {
    if (this.#listening) return;
    this.#listening = true;
    const wake = (): void => this.#wake?.();
    this.#request.on('readable', wake).on('end', wake).on('error', wake).on('close', wake);
  }
}

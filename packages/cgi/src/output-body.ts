import type { CgiProcess } from './cgi-process.ts';
import { CgiRequestError } from './errors.ts';

/** The body of a program's response. The program can write on only as fast as the client reads. */
export class OutputBody implements AsyncIterableIterator<Uint8Array> {
  readonly #process: CgiProcess;
  #rest: Uint8Array | undefined;
  #ended = false;

  /** @param rest - what came behind the header already. */
  constructor(process: CgiProcess, rest: Uint8Array) {
    this.#process = process;
    this.#rest = rest.length === 0 ? undefined : rest;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<Uint8Array, undefined>> {
    const value = this.#rest ?? (await this.#process.read());
    this.#rest = undefined;
    if (value !== undefined) return { done: false, value };
    this.#ended = true;
    return { done: true, value: undefined };
  }

  async return(): Promise<IteratorResult<Uint8Array, undefined>> {
    this.close();
    return { done: true, value: undefined };
  }

  /** The client has left before the end: nobody needs the program any more. */
  close(): void {
    if (!this.#ended) this.#process.end(new CgiRequestError('CLIENT_GONE', 'the client has left'));
  }
}

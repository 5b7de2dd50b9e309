import { type BodyChunk, closeBody, type ResponseBody } from '@highball/gateway-protocol';

/** Who decides what becomes of a body, once its first piece is there, or its end. */
export interface Decision {
  readonly replacesAll: boolean;
  passOn(body: ResponseBody): ResponseBody;
  pageInstead(): string | undefined;
}

const DONE: IteratorResult<BodyChunk, undefined> = { done: true, value: undefined };

/** An asynchronous body that is passed on if it has a piece, and replaced by a page if it has none. */
export class FirstPiece implements AsyncIterableIterator<BodyChunk, undefined> {
  readonly #body: ResponseBody;
  readonly #source: AsyncIterator<BodyChunk>;
  readonly #decision: Decision;
  #isDecided = false;
  #isOver = false;

  constructor(body: AsyncIterable<BodyChunk> & ResponseBody, decision: Decision) {
    this.#body = body;
    this.#source = body[Symbol.asyncIterator]();
    this.#decision = decision;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<BodyChunk, undefined>> {
    if (this.#isOver) return DONE;
    const result = await this.#source.next();
    if (this.#isDecided || (!result.done && result.value?.length === 0)) return result;
    this.#isDecided = true;
    if (result.done || this.#decision.replacesAll) return await this.#replace(result);
    this.#decision.passOn(this.#body);
    return result;
  }

  async return(): Promise<IteratorResult<BodyChunk, undefined>> {
    this.#isOver = true;
    await this.#source.return?.();
    return DONE;
  }

  close(): void | Promise<void> {
    return closeBody(this.#body);
  }

  async #replace(result: IteratorResult<BodyChunk>): Promise<IteratorResult<BodyChunk, undefined>> {
    this.#isOver = true;
    if (!result.done) await this.#source.return?.();
    const value = this.#decision.pageInstead();
    if (value !== undefined) return { done: false, value };
    this.#decision.passOn(this.#body);
    return DONE;
  }
}

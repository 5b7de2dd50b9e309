import {
  type Application,
  type BodyChunk,
  closeBody,
  type Environ,
  type HeaderList,
  isAsyncBody,
  type ResponseBody,
} from '@highball/gateway-protocol';
import { NoResponseError } from './errors.ts';

/** What an application answered: its head, and a body that may be yet to come. */
export interface CapturedResponse {
  readonly status: string;
  readonly fields: HeaderList;
  readonly body: ResponseBody;
}

/**
 * Calls an application and resolves with its answer, as soon as the head of it counts (PEP 3333: with the first
 * non-empty piece of the body).
 * @throws what the application throws, and NoResponseError when it begins no response.
 */
export async function capture(app: Application, environ: Environ): Promise<CapturedResponse> {
  return await new Capture().run(app, environ);
}

class Capture {
  #status: string | undefined;
  #fields: HeaderList = [];
  #taken = false;
  /** Pieces from `write`, and who waits for the next. */
  #written: BodyChunk[] = [];
  #wake: (() => void) | undefined;

  async run(app: Application, environ: Environ): Promise<CapturedResponse> {
    const wrote = new Promise<undefined>((resolve) => (this.#wake = () => resolve(undefined)));
    const running = (async () => app(environ, (...head) => this.#start(...head)))();
    const body = await Promise.race([running, wrote]);
    if (body === undefined) return this.#take(this.#whileWriting(running));
    const pieces = this.#status === undefined ? await this.#untilStarted(body) : body;
    // Pieces that were written come first.
    return this.#take(this.#written.length > 0 ? this.#whileWriting(Promise.resolve(pieces)) : pieces);
  }

  #start(status: string, headers: HeaderList, error?: unknown): (chunk: BodyChunk) => void {
    if (this.#status !== undefined && error === undefined) {
      throw new Error('startResponse was called a second time without an error');
    }
    if (this.#taken) throw error;
    this.#status = status;
    this.#fields = headers;
    return (chunk) => {
      if (chunk.length === 0) return;
      this.#written.push(chunk);
      this.#wake?.();
    };
  }

  #take(body: ResponseBody): CapturedResponse {
    if (this.#status === undefined) throw new NoResponseError();
    this.#taken = true;
    return { status: this.#status, fields: this.#fields, body };
  }

  /** An application may begin its response when its body is first iterated over. */
  async #untilStarted(body: ResponseBody): Promise<ResponseBody> {
    const iterator = isAsyncBody(body) ? body[Symbol.asyncIterator]() : body[Symbol.iterator]();
    const first: BodyChunk[] = [];
    try {
      while (this.#status === undefined || first.length === 0) {
        const { done, value } = await iterator.next();
        if (done) break;
        if (value.length > 0) first.push(value);
      }
    } catch (error) {
      await closeBody(body);
      throw error;
    }
    return {
      async *[Symbol.asyncIterator]() {
        yield* first;
        for (;;) {
          const { done, value } = await iterator.next();
          if (done) return;
          yield value;
        }
      },
      close: () => closeBody(body),
    };
  }

  /** What is written, as it comes, until the application returns its body; then that. */
  #whileWriting(running: Promise<ResponseBody>): ResponseBody {
    const state: { body?: ResponseBody; over: boolean } = { over: false };
    const finished = this.#follow(running, state);
    const take = (): BodyChunk[] => this.#written.splice(0);
    const wait = (): Promise<void> => new Promise((resolve) => (this.#wake = resolve));
    return {
      async *[Symbol.asyncIterator]() {
        while (!state.over) {
          yield* take();
          if (!state.over) await wait();
        }
        yield* take();
        yield* await running;
        yield* take();
      },
      async close() {
        await finished;
        if (state.body !== undefined) await closeBody(state.body);
      },
    };
  }

  async #follow(
    running: Promise<ResponseBody>,
    state: { body?: ResponseBody; over: boolean },
  ): Promise<void> {
    try {
      state.body = await running;
    } catch {
      // Whoever iterates gets it.
    }
    state.over = true;
    this.#wake?.();
  }
}

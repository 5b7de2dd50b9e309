import type {
  Environ,
  HeaderList,
  Middleware,
  ResponseBody,
  StartResponse,
} from '@highball/gateway-protocol';
import { type BodyFilter, filterBody, isPromise, sizeOf } from './filter-body.ts';

/** What stands in for an answer that failed. */
export interface ErrorAnswer {
  status: string;
  headers: HeaderList;
  body: string;
}

/** Makes an answer of an error. */
export type AnswerError = (error: unknown, environ: Environ) => ErrorAnswer;

/**
 * Answers what an application throws: when it is called, and while its body is read, as long as nothing of it has
 * been sent. What comes later can only cut the connection, and is thrown on.
 * @param answer - makes the answer.
 * @param onLate - told of errors for which there is no answer any more.
 */
export function catchErrors(
  answer: AnswerError,
  onLate: (error: unknown, environ: Environ) => void,
): Middleware {
  return (app) => (environ, startResponse) => {
    const guard = new Guard(environ, startResponse, answer, onLate);
    try {
      const body = app(environ, guard.start);
      if (!isPromise(body)) return guard.body(body);
      return body.then(
        (ready) => guard.body(ready),
        (error: unknown) => guard.failed(error),
      );
    } catch (error) {
      return guard.failed(error);
    }
  };
}

class Guard implements BodyFilter {
  readonly #environ: Environ;
  readonly #startResponse: StartResponse;
  readonly #answer: AnswerError;
  readonly #onLate: (error: unknown, environ: Environ) => void;
  #sent = false;

  constructor(
    environ: Environ,
    startResponse: StartResponse,
    answer: AnswerError,
    onLate: (error: unknown, environ: Environ) => void,
  ) {
    this.#environ = environ;
    this.#startResponse = startResponse;
    this.#answer = answer;
    this.#onLate = onLate;
  }

  readonly start: StartResponse = (status, headers, error) => {
    const write = this.#startResponse(status, headers, error);
    return (chunk) => {
      if (sizeOf(chunk) > 0) this.#sent = true;
      return write(chunk);
    };
  };

  /** Arrays cannot throw any more. What is no body is for the worker to name. */
  body(body: ResponseBody): ResponseBody {
    const isLazy =
      typeof body === 'object' && body !== null && !Array.isArray(body) && !ArrayBuffer.isView(body);
    return isLazy ? filterBody(body, this) : body;
  }

  piece(chunk: string | Uint8Array): string | Uint8Array {
    this.#sent ||= chunk.length > 0;
    return chunk;
  }

  tail(): [] {
    return [];
  }

  failed(error: unknown): string[] {
    if (this.#sent || hasLeft(this.#environ)) {
      this.#onLate(error, this.#environ);
      throw error;
    }
    const { status, headers, body } = this.#answer(error, this.#environ);
    this.#startResponse(status, headers, error ?? new Error('nothing was thrown'));
    return [body];
  }
}

/** Whether the client is gone: what an application throws then is its way to stop. */
export function hasLeft(environ: Environ): boolean {
  return environ['highball.signal']?.().aborted === true;
}

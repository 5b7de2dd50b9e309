import type { Application, BodyChunk, Middleware } from '@highball/gateway-protocol';
import { PAGE_CLIENT } from './page-client.ts';
import { CLIENT_PATH, EVENTS_PATH, PRIVATE_PREFIX } from './private-paths.ts';

/** More pages than somebody looks at; the oldest stream ends, and its page asks again. */
const MAX_STREAMS = 64;
/** A page whose stream broke asks again after so long (HTML, "Server-sent events": the field `retry`). */
const RETRY_MS = 500;

/** The streams on which pages wait for another version. */
export class VersionStreams {
  readonly #streams = new Set<VersionStream>();
  #id: string | undefined;

  /** Tells all pages which version there is. */
  announce(id: string): void {
    this.#id = id;
    for (const stream of this.#streams) stream.push(id);
  }

  open(): AsyncIterableIterator<BodyChunk> {
    const [oldest] = this.#streams;
    if (this.#streams.size >= MAX_STREAMS) void oldest?.return();
    const stream = new VersionStream(() => this.#streams.delete(stream));
    this.#streams.add(stream);
    if (this.#id !== undefined) stream.push(this.#id);
    return stream;
  }

  get size(): number {
    return this.#streams.size;
  }
}

/** One page's stream. Only the latest version matters: a slow page misses those between. */
class VersionStream implements AsyncIterableIterator<BodyChunk> {
  readonly #onEnd: () => void;
  #next: string | undefined;
  #wake: ((result: IteratorResult<BodyChunk, undefined>) => void) | undefined;
  #over = false;

  constructor(onEnd: () => void) {
    this.#onEnd = onEnd;
  }

  push(id: string): void {
    this.#next = `retry: ${RETRY_MS}\ndata: ${id}\n\n`;
    if (this.#wake) this.#deliver(this.#wake);
  }

  next(): Promise<IteratorResult<BodyChunk, undefined>> {
    return new Promise((resolve) => {
      if (this.#over || this.#next !== undefined) this.#deliver(resolve);
      else this.#wake = resolve;
    });
  }

  return(): Promise<IteratorResult<BodyChunk, undefined>> {
    this.#over = true;
    this.#onEnd();
    this.#wake?.({ done: true, value: undefined });
    return Promise.resolve({ done: true, value: undefined });
  }

  /** PEP 3333: called at the end of the request, also when the page left. */
  close(): void {
    void this.return();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #deliver(resolve: (result: IteratorResult<BodyChunk, undefined>) => void): void {
    this.#wake = undefined;
    const value = this.#next;
    this.#next = undefined;
    if (this.#over || value === undefined) resolve({ done: true, value: undefined });
    else resolve({ done: false, value });
  }
}

/** Answers what is asked for below the private prefix. */
export function privateResources(streams: VersionStreams): Middleware {
  return (app) => (environ, startResponse) =>
    environ.PATH_INFO.startsWith(PRIVATE_PREFIX)
      ? answer(streams)(environ, startResponse)
      : app(environ, startResponse);
}

function answer(streams: VersionStreams): Application {
  return ({ PATH_INFO: path, REQUEST_METHOD: method }, startResponse) => {
    const known = path === CLIENT_PATH || path === EVENTS_PATH;
    if (!known || method !== 'GET') {
      const status = known ? '405 Method Not Allowed' : '404 Not Found';
      startResponse(status, [
        ['Content-Type', 'text/plain'],
        ...(known ? [['Allow', 'GET'] as [string, string]] : []),
      ]);
      return [`${status}\n`];
    }
    const type = path === CLIENT_PATH ? 'text/javascript; charset=utf-8' : 'text/event-stream';
    startResponse('200 OK', [
      ['Content-Type', type],
      ['Cache-Control', 'no-store'],
      ['X-Content-Type-Options', 'nosniff'],
      ['Cross-Origin-Resource-Policy', 'same-origin'],
    ]);
    return path === CLIENT_PATH ? [PAGE_CLIENT] : streams.open();
  };
}

import type { Environ, InputStream } from '@highball/gateway-protocol';
import { FetchRequestError } from './errors.ts';
import { hasBody, requestFields } from './request-headers.ts';

/** Methods that no `Request` may have (Fetch §2.2.1). */
const FORBIDDEN: ReadonlySet<string> = new Set(['CONNECT', 'TRACE', 'TRACK']);

/** @throws FetchRequestError FORBIDDEN_METHOD */
export function checkMethod(method: string): void {
  if (method.length >= 5 && FORBIDDEN.has(method.toUpperCase())) {
    throw new FetchRequestError('FORBIDDEN_METHOD', `no Request has the method ${method}`);
  }
}

/** A `Request` of the platform itself; its body is read from the client only as the handler asks for it. */
export function nativeRequest(environ: Environ, url: string, headers?: Headers): Request {
  const init: RequestInit = {
    method: environ.REQUEST_METHOD,
    headers: headers ?? requestFields(environ),
  };
  const signal = environ['highball.signal']?.();
  if (signal !== undefined) init.signal = signal;
  if (hasBody(environ)) {
    init.body = inputStream(environ['wsgi.input']);
    init.duplex = 'half';
  }
  return new Request(url, init);
}

/** The body as a stream that holds nothing: each pull takes one piece from the server. */
export function inputStream(input: InputStream): ReadableStream<Uint8Array> {
  let pieces: AsyncIterator<Uint8Array> | undefined;
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        // Not before it is wanted: to ask is what makes the server send 100 Continue.
        pieces ??= input[Symbol.asyncIterator]();
        const { done, value } = await pieces.next();
        if (done) controller.close();
        else controller.enqueue(value);
      },
      async cancel() {
        await pieces?.return?.();
      },
    },
    { highWaterMark: 0 },
  );
}

import type { Middleware, ResponseBody } from '@highball/gateway-protocol';
import { Exchange } from './exchange.ts';
import { type CompressionOptions, resolveOptions } from './options.ts';

/**
 * Middleware that compresses answers: gzip, brotli or zstd, as the client asks (RFC 9110 §12.5.3).
 *
 * A whole body of a moderate size is compressed at once, so a synchronous application stays synchronous. A body
 * that comes piece by piece leaves piece by piece: server-sent events are not held back. What is encoded already, a
 * part, signed by a digest or marked `no-transform` is left alone; an application opts out of one answer by
 * `environ['highball.no_compression'] = true` or by `Content-Encoding: identity`, which is not sent.
 *
 * @throws CompressionOptionError when an option makes no sense.
 */
export function compression(options: CompressionOptions = {}): Middleware {
  const settings = resolveOptions(options);
  return (app) => (environ, startResponse) => {
    // What follows a CONNECT is a tunnel.
    if (environ.REQUEST_METHOD === 'CONNECT' || settings.skip?.(environ)) return app(environ, startResponse);
    const exchange = new Exchange(environ, startResponse, settings);
    try {
      const body = app(environ, exchange.start);
      if (!isPromise(body)) return exchange.finish(body);
      return body.then((ready) => exchange.finish(ready)).catch((error: unknown) => exchange.fail(error));
    } catch (error) {
      return exchange.fail(error);
    }
  };
}

function isPromise(body: ResponseBody | Promise<ResponseBody>): body is Promise<ResponseBody> {
  return typeof (body as Partial<Promise<ResponseBody>> | undefined)?.then === 'function';
}

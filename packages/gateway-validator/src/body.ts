import type { BodyChunk, ResponseBody } from '@highball/gateway-protocol';
import type { Exchange } from './exchange.ts';
import { iterateAsync, iterateSync } from './iteration.ts';
import { kindOf, show } from './report.ts';
import { type BodyUse, expectClose } from './unclosed.ts';

/**
 * Puts a body between an application and its server. What kind of body it is stays as it was: an array is sent
 * with its length, a synchronous iterable without a promise.
 */
export function guardBody(body: unknown, exchange: Exchange): ResponseBody {
  // The server ignores it: what answers goes over the connection that was taken over.
  if (exchange.upgraded || !isBody(body, exchange)) return body as ResponseBody;
  const { close } = body;
  if (close !== undefined && typeof close !== 'function')
    exchange.report('BODY_CLOSE', `close of the body is ${show(close)}; make it a function`);
  return Array.isArray(body) ? guardArray(body, exchange) : guardIterable(body, exchange);
}

function isBody(body: unknown, { report }: Exchange): body is ResponseBody {
  const mend = "return an iterable of pieces, as in ['Hello']";
  if (typeof body === 'string') {
    report('BODY_STRING', `the body is the string ${show(body)}; put it into an array`);
    return false;
  }
  if (body instanceof Uint8Array) {
    report('BODY_BYTES', 'the body is a Uint8Array; put it into an array');
    return false;
  }
  if (
    typeof body === 'object' &&
    body !== null &&
    (isMethod(body, Symbol.iterator) || isMethod(body, Symbol.asyncIterator))
  )
    return true;
  report('BODY_NOT_ITERABLE', `the application returned ${kindOf(body)}; ${mend}`);
  return false;
}

function isMethod(object: object, name: PropertyKey): boolean {
  return typeof (object as Record<PropertyKey, unknown>)[name] === 'function';
}

/** All of it is there: what there is to say is said now. */
function guardArray(body: readonly BodyChunk[] & ResponseBody, exchange: Exchange): ResponseBody {
  exchange.mustHaveStarted('before the body was returned');
  for (const [index, chunk] of body.entries()) exchange.take(chunk, `piece ${index} of the body`);
  exchange.finish();
  if (typeof body.close !== 'function') return body as ResponseBody;
  // The array is the application's: its copy gets the guard.
  const copy: BodyChunk[] & ResponseBody = [...body];
  const use: BodyUse = { iterated: false, closed: false };
  Object.defineProperty(copy, 'close', { value: guardClose(body, use, exchange), configurable: true });
  expectClose(copy, use, exchange.note);
  return copy;
}

function guardIterable(body: ResponseBody, exchange: Exchange): ResponseBody {
  const use: BodyUse = { iterated: false, closed: false };
  const guarded: { [key in keyof Iterable<unknown> | keyof AsyncIterable<unknown> | 'close']?: unknown } = {};
  if (isMethod(body, Symbol.asyncIterator))
    guarded[Symbol.asyncIterator] = () => iterateAsync(body as AsyncIterable<BodyChunk>, use, exchange);
  if (isMethod(body, Symbol.iterator))
    guarded[Symbol.iterator] = () => iterateSync(body as Iterable<BodyChunk>, use, exchange);
  if (typeof body.close === 'function') {
    guarded.close = guardClose(body, use, exchange);
    expectClose(guarded, use, exchange.note);
  }
  return guarded as ResponseBody;
}

function guardClose(body: ResponseBody, use: BodyUse, exchange: Exchange): () => void | Promise<void> {
  return () => {
    exchange.leave();
    if (use.closed)
      exchange.report('CLOSE_TWICE', 'close of the body was called twice; remember the first call');
    use.closed = true;
    return body.close?.();
  };
}

import type { Environ, ErrorStream, HeaderList, InputStream } from '@highball/gateway-protocol';
import { OFFERS, type RequestMessage } from '../protocol.ts';
import { copyFields } from './response.ts';

/** What stands in, inside a thread, for what cannot cross. */
export interface Substitutes {
  readonly input: InputStream;
  log(text: string): void;
  sendEarlyHints(headers: HeaderList): void;
  sendTrailers(trailers: HeaderList): void;
  trailers(): HeaderList;
  signal(): AbortSignal;
  draining(): AbortSignal;
}

/** Completes the environ that has crossed. A callable is there when the request's server has it, as outside. */
export function buildEnviron({ environ, offers }: RequestMessage, substitutes: Substitutes): Environ {
  const complete = environ as Environ;
  complete['wsgi.input'] = substitutes.input;
  complete['wsgi.errors'] = errorStream(substitutes);
  complete['wsgi.multithread'] = true;
  if (offers & OFFERS.earlyHints) {
    complete['wsgi.early_hints'] = (headers) => substitutes.sendEarlyHints(copyFields(headers));
  }
  if (offers & OFFERS.sendTrailers)
    complete['highball.send_trailers'] = (trailers) => substitutes.sendTrailers(trailers);
  if (offers & OFFERS.trailers) complete['highball.trailers'] = () => substitutes.trailers();
  if (offers & OFFERS.signal) complete['highball.signal'] = () => substitutes.signal();
  if (offers & OFFERS.draining) complete['highball.draining'] = () => substitutes.draining();
  return complete;
}

/** Text is sent to the server's log as it comes; there it is made lines of. */
function errorStream({ log }: Substitutes): ErrorStream {
  return {
    write: (text) => log(String(text)),
    writelines: (lines) => log([...lines].join('')),
    flush: () => undefined,
  };
}

import { emptyInput, type Environ } from '@highball/gateway-protocol';
import { CONDITIONS, validators } from './conditional.ts';
import type { StoredResponse } from './entry.ts';

/** What belongs to the connection of a client, and is not there when no client waits. */
const OF_THE_CLIENT = [
  'wsgi.early_hints',
  'highball.send_head',
  'highball.trailers',
  'highball.send_trailers',
];

/** How a request is forwarded. */
export interface ForwardPlan {
  /** The origin is asked whether this is still good. */
  readonly stored: StoredResponse | undefined;
  /** Nobody waits for the answer. */
  readonly background: boolean;
  /** The answer may be stored: a whole one is wanted, whatever the client has. */
  readonly whole: boolean;
  /** Aborted when nobody wants the answer any more. */
  readonly signal: () => AbortSignal;
}

/** The environ with which the application is asked in the cache's own name. */
export function originEnviron(environ: Environ, plan: ForwardPlan): Environ {
  const asked: Environ = { ...environ, REQUEST_METHOD: 'GET' };
  if (plan.whole || plan.stored !== undefined) {
    for (const key of CONDITIONS) delete asked[key];
    delete asked.HTTP_RANGE;
  }
  if (plan.stored !== undefined) Object.assign(asked, validators(plan.stored.fields));
  if (environ['highball.signal'] !== undefined || plan.background) asked['highball.signal'] = plan.signal;
  if (plan.background) {
    for (const key of OF_THE_CLIENT) delete asked[key];
    asked['wsgi.input'] = emptyInput;
  }
  return asked;
}

import type { ResponseBody, StartResponse } from '@highball/gateway-protocol';
import { agedFields, type AnswerContext, answerStored, notModified } from './answer.ts';
import { isNotModified } from './conditional.ts';
import { codeOf } from './entry.ts';
import type { Landing } from './flight.ts';
import type { Forwarding } from './forwarding.ts';
import { timeToLive } from './freshness.ts';
import type { Store } from './store.ts';
import { variantKey } from './vary.ts';

/**
 * Answers a request with what another has fetched or is fetching.
 * @returns undefined when it must ask for itself: it is not for it, is not fresh, was invalidated meanwhile, or its
 *   beginning is not kept any more.
 */
export async function answerLanding(
  landing: Landing,
  { request, because }: Pick<Forwarding, 'request' | 'because'>,
  startResponse: StartResponse,
  store: Store,
  context: AnswerContext,
): Promise<ResponseBody | undefined> {
  if (landing.kind === 'nothing' || landing.kind === 'again') return undefined;
  const { environ } = request;
  const outcome = { fwd: because, collapsed: true };
  if (landing.kind === 'stored') {
    const detail = landing.detail === undefined ? {} : { detail: landing.detail };
    return await answerStored(landing.entry, environ, startResponse, { ...outcome, ...detail }, context);
  }
  const { status, fields, freshness, names, variant, body } = landing.response;
  if (variantKey(environ, names) !== variant || !store.isValid(landing.response)) return undefined;
  if (freshness.noCache || timeToLive(freshness, context.now) <= 0) return undefined;
  const aged = agedFields(environ, fields, freshness, outcome, context);
  if (codeOf(status) === 200 && isNotModified(environ, fields, context.now)) {
    return notModified(aged, startResponse);
  }
  const reader = body.whole ?? body.join();
  if (reader === undefined) return undefined;
  startResponse(status, aged);
  return reader as ResponseBody;
}

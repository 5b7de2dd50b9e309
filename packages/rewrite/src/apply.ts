import type { Application } from '@highball/gateway-protocol';
import { localAddress, mountOf, withQuery } from './address.ts';
import type { CompiledAction, CompiledRule } from './compile.ts';
import type { Step } from './explanation.ts';
import type { Captures } from './pattern.ts';
import type { RedirectStatus, RefuseStatus, RewriteFlag } from './rule.ts';
import type { Subject } from './subject.ts';

/** What a rule wants done; undefined when it is not for the request. */
export type RuleResult =
  | { readonly kind: 'rewrite'; readonly address: string; readonly next: RewriteFlag | Application }
  | { readonly kind: 'redirect'; readonly location: string; readonly status: RedirectStatus }
  | { readonly kind: 'refuse'; readonly status: RefuseStatus; readonly allow: readonly string[] | undefined }
  | { readonly kind: 'answer'; readonly app: Application }
  | undefined;

/** Asks one rule. */
export function applyRule(
  { name, conditions, action }: CompiledRule,
  subject: Subject,
  note?: (step: Step) => void,
): RuleResult {
  const verdict = conditions.judge(subject);
  if ('failed' in verdict) {
    note?.({ rule: name, address: addressOf(subject), failed: verdict.failed });
    return undefined;
  }
  const result = act(action, subject, verdict.captures);
  note?.(describe(name, subject, result));
  return result;
}

function act(action: CompiledAction, subject: Subject, captures: Captures): RuleResult {
  if (action.kind === 'answer' || action.kind === 'refuse') return action;
  const { environ } = subject;
  const target = action.template(subject, captures);
  if (action.kind === 'rewrite') {
    const address = withQuery(localAddress(target), environ.QUERY_STRING, action.policy);
    return { kind: 'rewrite', address, next: action.next };
  }
  const place = action.local ? mountOf(environ) + localAddress(target) : target;
  const location = withQuery(place, environ.QUERY_STRING, action.policy);
  // The client is there already: it would be sent round and round.
  if (leadsHere(location, subject)) return undefined;
  return { kind: 'redirect', location, status: action.status };
}

function leadsHere(location: string, { environ }: Subject): boolean {
  const here = environ['highball.original_uri'] ?? environ.RAW_URI;
  if (here === undefined) return false;
  return location === here || location === `${environ['wsgi.url_scheme']}://${environ.HTTP_HOST}${here}`;
}

function describe(rule: string, subject: Subject, result: RuleResult): Step {
  const step = { rule, address: addressOf(subject) };
  switch (result?.kind) {
    case undefined:
      return { ...step, failed: 'the redirect leads to itself' };
    case 'answer':
      return { ...step, action: 'answer' };
    case 'refuse':
      return { ...step, action: 'refuse', status: result.status };
    case 'redirect':
      return { ...step, action: 'redirect', to: result.location, status: result.status };
    case 'rewrite':
      return { ...step, action: 'rewrite', to: result.address };
  }
}

function addressOf({ path, environ: { QUERY_STRING } }: Subject): string {
  return QUERY_STRING === '' ? path : `${path}?${QUERY_STRING}`;
}

import type { Application, Environ } from '@highball/gateway-protocol';
import { readdress } from './address.ts';
import { applyRule } from './apply.ts';
import type { CompiledRule } from './compile.ts';
import type { Step } from './explanation.ts';
import type { RedirectStatus, RefuseStatus } from './rule.ts';
import { Subject } from './subject.ts';

/** What the rules made of a request. */
export interface Outcome {
  /** The names of the rules that fired, in their order; empty when none did. */
  readonly rule: string;
  /** The request at its last address. */
  readonly environ: Environ;
  readonly end: End;
}

/** How it ended. */
type End =
  | { readonly kind: 'pass' }
  | { readonly kind: 'answer'; readonly app: Application }
  | { readonly kind: 'redirect'; readonly location: string; readonly status: RedirectStatus }
  | { readonly kind: 'refuse'; readonly status: RefuseStatus; readonly allow: readonly string[] | undefined }
  | { readonly kind: 'loop'; readonly trail: readonly string[] };

const PASS: End = { kind: 'pass' };

/**
 * Asks the rules, from the top, until they are through with the request.
 * @param note - told of each rule that was asked.
 */
export function follow(
  rules: readonly CompiledRule[],
  environ: Environ,
  maxRestarts: number,
  note?: (step: Step) => void,
): Outcome {
  let subject = new Subject(environ);
  let fired = '';
  let seen: Set<string> | undefined;
  for (let i = 0; i < rules.length; i++) {
    const rule = rules[i] as CompiledRule;
    const result = applyRule(rule, subject, note);
    if (result === undefined) continue;
    fired = fired === '' ? rule.name : `${fired}, ${rule.name}`;
    if (result.kind !== 'rewrite') return { rule: fired, environ: subject.environ, end: result };
    const { address, next } = result;
    subject = new Subject(readdress(subject.environ, address));
    if (next === 'break') break;
    if (next === 'next') continue;
    if (next !== 'last') return { rule: fired, environ: subject.environ, end: { kind: 'answer', app: next } };
    seen ??= new Set();
    if (seen.has(address) || seen.size >= maxRestarts) {
      return {
        rule: fired,
        environ: subject.environ,
        end: { kind: 'loop', trail: [...seen, address] },
      };
    }
    seen.add(address);
    i = -1;
  }
  return { rule: fired, environ: subject.environ, end: PASS };
}

import type { Application, Environ } from '@highball/gateway-protocol';
import { readdress } from './address.ts';
import { compileRule, type CompiledRule } from './compile.ts';
import { RewriteError } from './errors.ts';
import type { Explanation, Step } from './explanation.ts';
import { type FileKind, fileKind } from './files.ts';
import { redirectTo, refuseWith } from './respond.ts';
import type { Rule } from './rule.ts';
import { applyRule } from './apply.ts';
import { subjectOf } from './subject.ts';

export interface RewriteOptions {
  /** The folder in which `isFile` and `isFolder` look. */
  readonly root?: string;
  /** How often `last` may start the rules anew for one request; then it is a loop. @default 10 (nginx) */
  readonly maxRestarts?: number;
  /** Says what a path is. @default asks the file system each time */
  readonly fileKind?: (path: string) => FileKind;
}

/** Middleware that also tells what it would do. */
export interface RewriteMiddleware {
  (app: Application): Application;
  /** What would become of a request, rule by rule; nothing is called. */
  explain(environ: Environ): Explanation;
}

/** nginx's limit of internal redirects. */
const MAX_RESTARTS = 10;

/**
 * Middleware of rules that change addresses, redirect and refuse, in written order, as nginx's and Apache's do.
 *
 * `environ['highball.rewrites']` lists the names of the rules that gave a request its address, and
 * `environ['highball.original_uri']` has the one that it came with.
 *
 * @throws RewriteError when a rule cannot work; it names the rule and the mend.
 */
export function rewrite(rules: readonly Rule[], options: RewriteOptions = {}): RewriteMiddleware {
  const files = { root: options.root, kindOf: options.fileKind ?? fileKind };
  const compiled = rules.map((rule, index) => compileRule(rule, index, files));
  const maxRestarts = options.maxRestarts ?? MAX_RESTARTS;
  const middleware =
    (app: Application): Application =>
    (environ, startResponse) => {
      const outcome = follow(compiled, environ, maxRestarts);
      switch (outcome.kind) {
        case 'pass':
          return app(outcome.environ, startResponse);
        case 'redirect':
          return redirectTo(outcome.location, outcome.status)(environ, startResponse);
        case 'refuse':
          return refuseWith(outcome.status)(environ, startResponse);
        default:
          throw new RewriteError('LOOP', `rewrite rules loop: ${outcome.trail.join(' → ')}`);
      }
    };
  return Object.assign(middleware, {
    explain: (environ: Environ): Explanation => explain(compiled, environ, maxRestarts),
  });
}

type Outcome =
  | { readonly kind: 'pass'; readonly environ: Environ }
  | { readonly kind: 'redirect'; readonly location: string; readonly status: number }
  | { readonly kind: 'refuse'; readonly status: number }
  | { readonly kind: 'loop'; readonly trail: readonly string[] };

/** Asks the rules, from the top, until they are through with the request. */
function follow(
  rules: readonly CompiledRule[],
  environ: Environ,
  maxRestarts: number,
  note?: (step: Step) => void,
): Outcome {
  let current = environ;
  let subject = subjectOf(environ);
  const fired: string[] = [];
  const seen = new Set<string>();
  for (let i = 0; i < rules.length; i++) {
    const rule = rules[i] as CompiledRule;
    const result = applyRule(rule, subject, note);
    if (result === undefined) continue;
    if (result.kind !== 'rewrite') return result;
    fired.push(rule.name);
    current = readdress(current, result.address);
    subject = subjectOf(current);
    if (result.flag === 'break') break;
    if (result.flag === 'next') continue;
    if (seen.has(result.address) || seen.size >= maxRestarts) {
      return { kind: 'loop', trail: [...seen, result.address] };
    }
    seen.add(result.address);
    i = -1;
  }
  if (fired.length > 0) current['highball.rewrites'] = fired;
  return { kind: 'pass', environ: current };
}

function explain(rules: readonly CompiledRule[], environ: Environ, maxRestarts: number): Explanation {
  const steps: Step[] = [];
  const outcome = follow(rules, environ, maxRestarts, (step) => steps.push(step));
  const asked = subjectAddress(outcome.kind === 'pass' ? outcome.environ : environ);
  const address = outcome.kind === 'redirect' ? outcome.location : asked;
  return { steps, outcome: outcome.kind, address };
}

function subjectAddress({ RAW_URI, PATH_INFO, QUERY_STRING }: Environ): string {
  return RAW_URI ?? (QUERY_STRING === '' ? PATH_INFO : `${PATH_INFO}?${QUERY_STRING}`);
}

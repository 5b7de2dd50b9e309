import type { Application, Environ, StartResponse } from '@highball/gateway-protocol';
import { compileRule, type CompiledRule } from './compile.ts';
import { RewriteError } from './errors.ts';
import type { Explanation, Step } from './explanation.ts';
import { type FileKind, fileKind } from './files.ts';
import { follow, type Outcome } from './follow.ts';
import { redirectTo, refuseWith } from './respond.ts';
import type { Rule } from './rule.ts';

export interface RewriteOptions {
  /** The folder in which `isFile` and `isFolder` look. */
  readonly root?: string;
  /** How often `last` may start the rules anew for one request; then it is a loop. @default 10 (nginx) */
  readonly maxRestarts?: number;
  /** What messages and explanations call the list: the key of a configuration. @default 'rules' */
  readonly listName?: string;
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
 * Middleware of rules that change addresses, redirect, refuse, and choose who answers, in written order, as nginx's
 * and Apache's do.
 *
 * `environ['highball.rule']` has the names of the rules that fired, and `environ['highball.original_uri']` the address
 * that a request came with.
 *
 * @throws RewriteError when a rule cannot work; it names the rule and the mend.
 */
export function rewrite(rules: readonly Rule[], options: RewriteOptions = {}): RewriteMiddleware {
  const { root, maxRestarts = MAX_RESTARTS, listName: list = 'rules' } = options;
  const files = { root, kindOf: options.fileKind ?? fileKind };
  const compiled = rules.map((rule, index) => compileRule(rule, { list, index }, files));
  const middleware = (app: Application): Application =>
    onlyAnswer(compiled) ??
    ((environ, startResponse) => {
      const outcome = follow(compiled, environ, maxRestarts);
      if (outcome.rule !== '') nameRule(environ, outcome);
      return conclude(outcome, app, startResponse);
    });
  return Object.assign(middleware, {
    explain: (environ: Environ): Explanation => explain(compiled, environ, maxRestarts),
  });
}

/** The answer of a rule that stands alone and is for every request: it costs nothing to ask. */
function onlyAnswer(rules: readonly CompiledRule[]): Application | undefined {
  const [rule] = rules;
  if (rules.length !== 1 || rule?.action.kind !== 'answer' || !rule.conditions.always) return undefined;
  return rule.action.app;
}

/** For those behind, and for those in front, who hold the environ that came. */
function nameRule(came: Environ, { rule, environ }: Outcome): void {
  const before = came['highball.rule'];
  const names = before === undefined ? rule : `${before}, ${rule}`;
  came['highball.rule'] = names;
  if (environ !== came) environ['highball.rule'] = names;
}

function conclude(
  { environ, end }: Outcome,
  app: Application,
  startResponse: StartResponse,
): ReturnType<Application> {
  switch (end.kind) {
    case 'pass':
      return app(environ, startResponse);
    case 'answer':
      return end.app(environ, startResponse);
    case 'redirect':
      return redirectTo(end.location, end.status)(environ, startResponse);
    case 'refuse':
      return refuseWith(end.status, end.allow)(environ, startResponse);
    default:
      throw new RewriteError('LOOP', `rewrite rules loop: ${end.trail.join(' → ')}`);
  }
}

function explain(rules: readonly CompiledRule[], environ: Environ, maxRestarts: number): Explanation {
  const steps: Step[] = [];
  const { end, environ: last } = follow(rules, environ, maxRestarts, (step) => steps.push(step));
  const address = end.kind === 'redirect' ? end.location : addressOf(last);
  return { steps, outcome: end.kind, address };
}

function addressOf({ RAW_URI, PATH_INFO, QUERY_STRING }: Environ): string {
  return RAW_URI ?? (QUERY_STRING === '' ? PATH_INFO : `${PATH_INFO}?${QUERY_STRING}`);
}

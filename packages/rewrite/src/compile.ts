import type { Application } from '@highball/gateway-protocol';
import { type CompiledConditions, compileConditions, type FileAccess } from './conditions.ts';
import { RewriteError } from './errors.ts';
import type { QueryPolicy, RedirectStatus, RefuseRule, RewriteFlag, Rule } from './rule.ts';
import { compileTemplate, type Template } from './template.ts';

/** What a rule does once its conditions hold. */
export type CompiledAction =
  | {
      readonly kind: 'rewrite';
      readonly template: Template;
      readonly policy: QueryPolicy | undefined;
      /** What is next, or who answers. */
      readonly next: RewriteFlag | Application;
    }
  | {
      readonly kind: 'redirect';
      readonly template: Template;
      readonly policy: QueryPolicy | undefined;
      readonly status: RedirectStatus;
      /** Whether the address is one of this host. */
      readonly local: boolean;
    }
  | {
      readonly kind: 'refuse';
      readonly status: RefuseRule['refuse'];
      readonly allow: readonly string[] | undefined;
    }
  | { readonly kind: 'answer'; readonly app: Application };

/** A rule, ready to be asked. */
export interface CompiledRule {
  readonly name: string;
  readonly conditions: CompiledConditions;
  readonly action: CompiledAction;
}

/** Where a rule stands. */
export interface RulePlace {
  /** What messages call the list of the rules. */
  readonly list: string;
  readonly index: number;
}

const ACTIONS = ['rewrite', 'redirect', 'refuse', 'answer'] as const;

/** @throws RewriteError that names the rule and the mend. */
export function compileRule(rule: Rule, { list, index }: RulePlace, files: FileAccess): CompiledRule {
  const position = `${list}[${index}]`;
  const place = rule.name === undefined ? position : `${position} (${rule.name})`;
  checkActions(rule, place);
  const address = addressOf(rule);
  const conditions = compileConditions(rule, files, place, address === undefined ? [] : [address]);
  return { name: rule.name ?? position, conditions, action: compileAction(rule, conditions, place) };
}

/** One action; a rewrite may have an answer besides. */
function checkActions(rule: Rule, place: string): void {
  const fields = rule as unknown as Record<string, unknown>;
  const given = ACTIONS.filter((action) => fields[action] !== undefined);
  if (given.length === 1) return;
  if (given.join() === 'rewrite,answer') {
    if (fields['flag'] === undefined) return;
    throw new RewriteError(
      'BAD_RULE',
      `${place} has an answer and a flag, which says what is next: keep one`,
    );
  }
  const has = given.length === 0 ? 'does nothing' : `has ${given.join(' and ')}`;
  throw new RewriteError('BAD_RULE', `${place} ${has}: give it one of ${ACTIONS.join(', ')}`);
}

function addressOf(rule: Rule): string | undefined {
  if ('rewrite' in rule) return rule.rewrite;
  return 'redirect' in rule ? rule.redirect : undefined;
}

function compileAction(rule: Rule, { names }: CompiledConditions, place: string): CompiledAction {
  if ('refuse' in rule) return compileRefusal(rule, place);
  if ('redirect' in rule) {
    const template = compileTemplate(checkQuery(rule, rule.redirect, place), names, `${place}.redirect`);
    // What a client sent decides where a path leads, never which host it is on.
    const local = !/^[a-z][a-z\d+.-]*:|^\{\$scheme\}:|^\/\//i.test(rule.redirect);
    return { kind: 'redirect', template, policy: rule.queryPolicy, status: rule.status ?? 302, local };
  }
  if (!('rewrite' in rule)) return { kind: 'answer', app: rule.answer };
  const template = compileTemplate(checkQuery(rule, rule.rewrite, place), names, `${place}.rewrite`);
  if (!/^(?:\/|\{)/.test(rule.rewrite)) {
    throw new RewriteError(
      'BAD_TEMPLATE',
      `${place}.rewrite '${rule.rewrite}' must start with / or a {name}`,
    );
  }
  return { kind: 'rewrite', template, policy: rule.queryPolicy, next: rule.answer ?? rule.flag ?? 'next' };
}

function compileRefusal({ refuse: status, allow }: RefuseRule, place: string): CompiledAction {
  if ((status === 405) === (allow !== undefined)) return { kind: 'refuse', status, allow };
  const mend = status === 405 ? 'needs allow: the methods that there are' : 'has allow, which is for 405';
  throw new RewriteError('BAD_RULE', `${place} refuses with ${status} and ${mend}`);
}

function checkQuery(rule: { queryPolicy?: QueryPolicy }, address: string, place: string): string {
  if (rule.queryPolicy === 'keep' && address.includes('?')) {
    throw new RewriteError('BAD_RULE', `${place} keeps the query and has one of its own: use 'extend'`);
  }
  return address;
}

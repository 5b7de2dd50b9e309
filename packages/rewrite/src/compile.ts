import { type CompiledConditions, compileConditions, type FileAccess } from './conditions.ts';
import { RewriteError } from './errors.ts';
import type { RedirectStatus, RefuseRule, Rule } from './rule.ts';
import { compileTemplate, type Template } from './template.ts';

/** What a rule does once its conditions hold. */
export type CompiledAction =
  | {
      readonly kind: 'rewrite';
      readonly template: Template;
      readonly policy: QueryPolicy;
      readonly flag: 'next' | 'last' | 'break';
    }
  | {
      readonly kind: 'redirect';
      readonly template: Template;
      readonly policy: QueryPolicy;
      readonly status: RedirectStatus;
      /** Whether the address is one of this host. */
      readonly local: boolean;
    }
  | { readonly kind: 'refuse'; readonly status: RefuseRule['refuse'] };

type QueryPolicy = 'extend' | 'keep' | 'replace' | undefined;

/** A rule, ready to be asked. */
export interface CompiledRule {
  readonly name: string;
  readonly conditions: CompiledConditions;
  readonly action: CompiledAction;
}

const ACTIONS = ['rewrite', 'redirect', 'refuse'] as const;

/** @throws RewriteError that names the rule and the mend. */
export function compileRule(rule: Rule, index: number, files: FileAccess): CompiledRule {
  const place = rule.name === undefined ? `rules[${index}]` : `rules[${index}] (${rule.name})`;
  const given = ACTIONS.filter(
    (action) => (rule as unknown as Record<string, unknown>)[action] !== undefined,
  );
  if (given.length !== 1) {
    const has = given.length === 0 ? 'does nothing' : `has ${given.join(' and ')}`;
    throw new RewriteError('BAD_RULE', `${place} ${has}: give it one of ${ACTIONS.join(', ')}`);
  }
  const conditions = compileConditions(rule, files, place);
  return {
    name: rule.name ?? `rule ${index + 1}`,
    conditions,
    action: compileAction(rule, conditions, place),
  };
}

function compileAction(rule: Rule, { names }: CompiledConditions, place: string): CompiledAction {
  if ('refuse' in rule) return { kind: 'refuse', status: rule.refuse };
  const policy = rule.queryPolicy;
  const address = 'rewrite' in rule ? rule.rewrite : rule.redirect;
  if (policy === 'keep' && address.includes('?')) {
    throw new RewriteError('BAD_RULE', `${place} keeps the query and has one of its own: use 'extend'`);
  }
  const template = compileTemplate(address, names, `${place}.${'rewrite' in rule ? 'rewrite' : 'redirect'}`);
  if ('rewrite' in rule) {
    if (!/^(?:\/|\{)/.test(address)) {
      throw new RewriteError('BAD_TEMPLATE', `${place}.rewrite '${address}' must start with / or a {name}`);
    }
    return { kind: 'rewrite', template, policy, flag: rule.flag ?? 'next' };
  }
  // What a client sent decides where a path leads, never which host it is on.
  const local = !/^[a-z][a-z\d+.-]*:|^\{\$scheme\}:|^\/\//i.test(address);
  return { kind: 'redirect', template, policy, status: rule.status ?? 302, local };
}

import { asgiRules } from './rules/asgi.ts';
import { bodyRules } from './rules/body.ts';
import { environRules } from './rules/environ.ts';
import { extensionRules } from './rules/extensions.ts';
import { headRules } from './rules/head.ts';
import { streamRules } from './rules/streams.ts';

/** The two sides of the protocol. */
export type Side = 'server' | 'application';

/** How much a rule binds (RFC 2119). */
export type Level = 'must' | 'should';

/** One thing that the protocol requires. */
export interface Rule {
  /** Stable: safe to compare with. */
  readonly code: RuleCode;
  /** Who owes it. */
  readonly side: Side;
  /** Whether it must be so, or should: see {@link ValidateOptions.strict}. */
  readonly level: Level;
  /** What is required, in a sentence. */
  readonly requires: string;
  /** Where it is written: a section of PEP 3333, of an RFC, of ASGI, or a type of gateway-protocol. */
  readonly source: string;
}

/** The codes of the rules of call-shaped applications: {@link validate}. */
export type GatewayRuleCode =
  | keyof typeof environRules
  | keyof typeof streamRules
  | keyof typeof headRules
  | keyof typeof bodyRules
  | keyof typeof extensionRules;

/** The codes of the rules of event-shaped applications: {@link validateAsgi}. */
export type AsgiRuleCode = keyof typeof asgiRules;

/** The codes of all rules. */
export type RuleCode = GatewayRuleCode | AsgiRuleCode;

/** What a rule is but for its code. */
interface Requirement extends Omit<Rule, 'code' | 'level'> {
  /** @default 'must' */
  readonly level?: Level;
}

const gateway: Readonly<Record<GatewayRuleCode, Requirement>> = {
  ...environRules,
  ...streamRules,
  ...headRules,
  ...bodyRules,
  ...extensionRules,
};

function withCodes(table: Readonly<Record<string, Requirement>>): readonly Rule[] {
  return Object.entries(table).map(([code, rule]) => {
    const { side, level = 'must', requires, source } = rule;
    return Object.freeze({ code: code as RuleCode, side, level, requires, source });
  });
}

/** What {@link validate} holds both sides to. */
export const gatewayRules: readonly Rule[] = Object.freeze(withCodes(gateway));

/** What {@link validateAsgi} holds both sides to. */
export const eventRules: readonly Rule[] = Object.freeze(withCodes(asgiRules));

/** All rules. */
export const rules: readonly Rule[] = Object.freeze([...gatewayRules, ...eventRules]);

const byCode: ReadonlyMap<RuleCode, Rule> = new Map(rules.map((rule) => [rule.code, rule]));

/** The rule of a code. */
export function ruleOf(code: RuleCode): Rule {
  return byCode.get(code) as Rule;
}

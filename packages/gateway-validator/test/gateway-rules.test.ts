import { describe, expect, test } from 'vitest';
import { gatewayRules, type GatewayRuleCode } from '../src/index.ts';
import {
  bodyCases,
  type Case,
  environCases,
  extensionCases,
  headCases,
  streamCases,
} from './gateway-cases.ts';
import { collect } from './support.ts';

/** A case for each rule: the compiler misses one that is not here. */
const cases: Record<GatewayRuleCode, Case> = {
  ...environCases,
  ...streamCases,
  ...headCases,
  ...bodyCases,
  ...extensionCases,
};

describe('a breach of', () => {
  test.each(gatewayRules)('$code is reported, and no other', async ({ code, side, source }) => {
    const trial = collect();
    // What was reported is let through, and may fail for it.
    await Promise.resolve(cases[code as GatewayRuleCode](trial)).catch(() => undefined);
    expect(trial.codes).toEqual([code]);
    expect(trial.breaches[0]).toMatchObject({ side, rule: source });
    expect(trial.breaches[0]?.message).toContain(source);
  });
});

import { describe, expect, test } from 'vitest';
import { type AsgiRuleCode, eventRules } from '../src/index.ts';
import { asgiCases, collectAsgi } from './asgi-cases.ts';

describe('a breach of', () => {
  test.each(eventRules)('$code is reported, and no other', async ({ code, side, source }) => {
    const trial = collectAsgi();
    // What was reported is let through, and may fail for it.
    await Promise.resolve(asgiCases[code as AsgiRuleCode](trial)).catch(() => undefined);
    expect(trial.codes).toEqual([code]);
    expect(trial.breaches[0]).toMatchObject({ side, rule: source });
  });
});

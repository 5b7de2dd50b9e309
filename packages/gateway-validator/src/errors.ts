import { type Level, type RuleCode, ruleOf, type Side } from './rules.ts';

/** What all errors of this package have in common. */
export class GatewayValidatorError<Code extends string = string> extends Error {
  /** Stable: safe to compare with. */
  readonly code: Code;

  constructor(code: Code, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
  }
}

/** One side broke the protocol. The message names the thing, the place and the mend. */
export class GatewayBreach extends GatewayValidatorError<RuleCode> {
  /** Who is at fault. */
  readonly side: Side;
  /** Whether the rule binds, or recommends. */
  readonly level: Level;
  /** Where the rule is written. */
  readonly rule: string;

  constructor(code: RuleCode, message: string) {
    const { side, level, source } = ruleOf(code);
    super(code, `${message} (${source})`);
    this.side = side;
    this.level = level;
    this.rule = source;
  }
}

/** What was to be validated is no application: the calling program is at fault. */
export class ValidatorOptionError extends GatewayValidatorError<'BAD_OPTION'> {
  constructor(message: string) {
    super('BAD_OPTION', message);
  }
}

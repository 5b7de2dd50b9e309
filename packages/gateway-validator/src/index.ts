export { validateAsgi } from './asgi/validate-asgi.ts';
export { GatewayBreach, GatewayValidatorError, ValidatorOptionError } from './errors.ts';
export type { ValidateOptions } from './report.ts';
export { eventRules, gatewayRules, rules } from './rules.ts';
export type { AsgiRuleCode, GatewayRuleCode, Level, Rule, RuleCode, Side } from './rules.ts';
export { validate } from './validate.ts';

export { RewriteError, type RewriteErrorCode } from './errors.ts';
export type { Explanation, Step } from './explanation.ts';
export type { FileKind } from './files.ts';
export { rewrite, type RewriteMiddleware, type RewriteOptions } from './rewrite.ts';
export type {
  AnswerRule,
  QueryPolicy,
  RedirectRule,
  RedirectStatus,
  RefuseRule,
  RefuseStatus,
  RewriteFlag,
  RewriteRule,
  Rule,
  RuleConditions,
  Wanted,
} from './rule.ts';

/** What can be wrong with rules. */
export type RewriteErrorCode = 'BAD_PATTERN' | 'BAD_TEMPLATE' | 'UNKNOWN_NAME' | 'BAD_RULE' | 'LOOP';

/**
 * A rule that cannot work, found when it is compiled; or, with `LOOP`, rules that send a request round in circles,
 * found when one comes: the client gets 500, and this is in the log.
 */
export class RewriteError extends Error {
  override readonly name = 'RewriteError';
  /** Stable: safe to compare with. */
  readonly code: RewriteErrorCode;

  constructor(code: RewriteErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

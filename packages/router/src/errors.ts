/** What can be wrong with a table of routes. */
export type RouterErrorCode = 'BAD_PATTERN' | 'BAD_METHOD' | 'DUPLICATE_ROUTE' | 'BAD_OPTION';

/** A route or an option that makes no sense: the calling program is at fault. Thrown when the router is made. */
export class RouterError extends Error {
  /** Stable: safe to compare with. */
  readonly code: RouterErrorCode;

  constructor(code: RouterErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
  }
}

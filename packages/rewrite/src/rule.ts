import type { Application } from '@highball/gateway-protocol';

/** What a text must be: exactly this, matched by this, there at all (true) or not there (false). */
export type Wanted = string | RegExp | boolean;

/**
 * Which requests a rule is for; all that are given must hold. A named group of any expression, and a `:name` of a
 * path pattern, can be used in the rule's address as `{name}`, a numbered group of the path as `{1}`.
 */
export interface RuleConditions {
  /**
   * The path below the mount point, decoded: a pattern (`/posts/:id`, `/files/*rest`) that must match it whole, or an
   * expression.
   */
  readonly path?: string | RegExp;
  /** Methods, in upper case. */
  readonly methods?: readonly string[];
  /** The host, in lower case and without a port: one of these. */
  readonly hosts?: readonly (string | RegExp)[];
  readonly scheme?: 'http' | 'https';
  /** Fields of the request, by their names. */
  readonly headers?: Readonly<Record<string, Wanted>>;
  /** Parameters of the query, by their names, decoded; of several with one name the first counts. */
  readonly query?: Readonly<Record<string, Wanted>>;
  /**
   * This is a file in the folder that the options name as `root` (nginx's and Apache's `-f`): an address as the
   * rule's own, `{$path}` for the one that is asked for.
   */
  readonly isFile?: string;
  /** The same for a folder: `-d`. */
  readonly isFolder?: string;
  /** The rule is not for requests that meet one of these. */
  readonly unless?: RuleConditions | readonly RuleConditions[];
}

interface CommonRule extends RuleConditions {
  /** What explanations, messages and `environ['highball.rule']` call the rule. @default its place, `rules[2]` */
  readonly name?: string;
}

/** What becomes of the query of a request that gets another address. */
export type QueryPolicy = 'extend' | 'keep' | 'replace';

interface AddressRule extends CommonRule {
  /**
   * What becomes of the request's query: `extend` puts it behind the rule's own (nginx's way), `replace` drops it,
   * `keep` is for rules that have none. @default 'extend'
   */
  readonly queryPolicy?: QueryPolicy;
}

/** What follows a rewrite. */
export type RewriteFlag = 'next' | 'last' | 'break';

/** Gives the request another address, unseen by the client. */
export interface RewriteRule extends AddressRule {
  /** The address, `/path?query`, with `{name}` where something was captured. */
  readonly rewrite: string;
  /**
   * What is next: the rules below (`next`), all rules anew with the new address (`last`, as in nginx), or the
   * application at once (`break`). @default 'next'
   */
  readonly flag?: RewriteFlag;
  /** Who answers under the new address; no rule is asked after that. */
  readonly answer?: Application;
}

/** Has the request answered by an application of its own: nginx's `location`, Apache's flag H. */
export interface AnswerRule extends CommonRule {
  readonly answer: Application;
}

/** Codes that send a client elsewhere (RFC 9110 §15.4). */
export type RedirectStatus = 301 | 302 | 303 | 307 | 308;

/** Sends the client to another address. */
export interface RedirectRule extends AddressRule {
  /** The address, `/path` or `https://host/path`, with `{name}` where something was captured. */
  readonly redirect: string;
  /** @default 302 */
  readonly status?: RedirectStatus;
}

/** Codes that say that the client gets nothing here (RFC 9110 §15.5). */
export type RefuseStatus = 403 | 404 | 405 | 410;

/** Answers with an error: Apache's flags F and G, nginx's `return`. */
export interface RefuseRule extends CommonRule {
  readonly refuse: RefuseStatus;
  /** With 405: the methods that there are, which Allow must name (RFC 9110 §15.5.6). */
  readonly allow?: readonly string[];
}

export type Rule = RewriteRule | RedirectRule | RefuseRule | AnswerRule;

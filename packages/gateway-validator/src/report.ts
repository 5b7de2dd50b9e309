import type { ErrorStream } from '@highball/gateway-protocol';
import { GatewayBreach } from './errors.ts';
import type { RuleCode } from './rules.ts';

/** Options of {@link validate} and {@link validateAsgi}. */
export interface ValidateOptions {
  /**
   * Takes each breach, and lets the request go on as if nothing were wrong.
   * @default the breach is thrown at whoever made the call that showed it
   */
  onBreach?: (breach: GatewayBreach) => void;
  /**
   * Whether a breach of what is only recommended is thrown too, as `wsgiref.validate` does; else it is written to
   * `wsgi.errors`, once for each rule: much that works well enough says no Content-Type. @default false
   */
  strict?: boolean;
}

/** Says that a rule is broken. */
export type Report = (code: RuleCode, message: string) => void;

/** The ways in which a validator says it. */
export interface Reporter {
  /** Throws, unless the user wanted to be told otherwise. */
  readonly report: Report;
  /** For what is found when nobody waits for an answer any more: never throws, but writes to the server's log. */
  note(errors: ErrorStream): Report;
  /** For what is only recommended. */
  advise(errors: ErrorStream): Report;
}

/** Makes the reporter of one validator. */
export function createReporter({ onBreach, strict = false }: ValidateOptions): Reporter {
  if (onBreach !== undefined) {
    const report: Report = (code, message) => onBreach(new GatewayBreach(code, message));
    return { report, note: () => report, advise: () => report };
  }
  const said = new Set<RuleCode>();
  const note = (errors: ErrorStream): Report => logOnce(errors, said);
  return { report: raise, note, advise: strict ? () => raise : note };
}

function raise(code: RuleCode, message: string): never {
  throw new GatewayBreach(code, message);
}

function logOnce(errors: ErrorStream, said: Set<RuleCode>): Report {
  return (code, message) => {
    if (said.has(code)) return;
    said.add(code);
    errors.write(`${code}: ${new GatewayBreach(code, message).message}\n`);
  };
}

/** Longer values are cut: a message is to be read. */
const SHOWN_CHARACTERS = 60;

/** A value as a message shows it: strings quoted and escaped, all else by its kind. */
export function show(value: unknown): string {
  if (typeof value === 'string') {
    const cut = value.length > SHOWN_CHARACTERS ? `${value.slice(0, SHOWN_CHARACTERS)}…` : value;
    return JSON.stringify(cut);
  }
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return kindOf(value);
}

/** What a value is, in a word or two. */
export function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (value === undefined) return 'undefined';
  if (Array.isArray(value)) return 'an array';
  if (value instanceof Uint8Array) return 'a Uint8Array';
  if (isThenable(value)) return 'a promise';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

/** Whether a value can be awaited. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as PromiseLike<unknown> | null | undefined)?.then === 'function';
}

/** Whether a value is an object or a function with these methods. */
export function hasMethods(value: unknown, names: readonly PropertyKey[]): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return names.every((name) => typeof (value as Record<PropertyKey, unknown>)[name] === 'function');
}

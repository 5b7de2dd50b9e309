import { requestField } from '@highball/gateway-protocol';
import { RewriteError } from './errors.ts';
import { type FileKind, pathBelow } from './files.ts';
import { compilePath, type CompiledPattern, compileText } from './pattern.ts';
import type { RuleConditions, Wanted } from './rule.ts';
import type { Subject } from './subject.ts';
import { compileTemplate } from './template.ts';

/** What a rule captured, by name. */
export type Captures = Readonly<Record<string, string>>;

/** How the conditions of a rule came out: what they captured, or the one that did not hold. */
export type Verdict = { readonly captures: Captures } | { readonly failed: string };

/** One condition, and what it is called in explanations. */
interface Condition {
  readonly label: string;
  readonly test: (subject: Subject, captures: Captures) => Captures | undefined;
}

/** Conditions, compiled. */
export interface CompiledConditions {
  readonly names: readonly string[];
  judge(subject: Subject): Verdict;
}

/** Where files are looked for, and how. */
export interface FileAccess {
  readonly root: string | undefined;
  readonly kindOf: (path: string) => FileKind;
}

const NOTHING: Captures = Object.freeze({});
const MATCHED: Verdict = { captures: NOTHING };

/** @throws RewriteError `BAD_PATTERN`, `BAD_RULE`, `UNKNOWN_NAME` */
export function compileConditions(
  rule: RuleConditions,
  files: FileAccess,
  place: string,
): CompiledConditions {
  const conditions: Condition[] = [];
  const names: string[] = [];
  addRequestLine(rule, place, conditions, names);
  addNamed(
    rule.headers,
    'headers',
    (subject, name) => requestField(subject.environ, name),
    conditions,
    names,
  );
  addNamed(
    rule.query,
    'query',
    ({ parameters }, name) => parameters.get(name) ?? undefined,
    conditions,
    names,
  );
  addFiles(rule, files, place, conditions, names);
  addExceptions(rule, files, place, conditions);
  return {
    names,
    judge: (subject) => judge(conditions, subject),
  };
}

function judge(conditions: readonly Condition[], subject: Subject): Verdict {
  let captures = NOTHING;
  for (const { label, test } of conditions) {
    const found = test(subject, captures);
    if (found === undefined) return { failed: label };
    if (found !== NOTHING) captures = captures === NOTHING ? found : { ...captures, ...found };
  }
  return captures === NOTHING ? MATCHED : { captures };
}

function addRequestLine(rule: RuleConditions, place: string, conditions: Condition[], names: string[]): void {
  const { path, methods, hosts, scheme } = rule;
  const when = (label: string, holds: (subject: Subject) => boolean): void => {
    conditions.push({ label, test: (subject) => (holds(subject) ? NOTHING : undefined) });
  };
  if (methods) when('methods', ({ environ }) => methods.includes(environ.REQUEST_METHOD));
  if (scheme) when('scheme', ({ environ }) => environ['wsgi.url_scheme'] === scheme);
  if (hosts) {
    const patterns = hosts.map((host) => compileText(host));
    names.push(...patterns.flatMap((pattern) => pattern.names));
    conditions.push({ label: 'hosts', test: ({ host }) => firstOf(patterns, host) });
  }
  if (path !== undefined) {
    const pattern = compilePath(path, place);
    names.push(...pattern.names);
    conditions.push({ label: 'path', test: (subject) => pattern.test(subject.path) });
  }
}

function firstOf(patterns: readonly CompiledPattern[], text: string): Captures | undefined {
  for (const { test } of patterns) {
    const found = test(text);
    if (found !== undefined) return found;
  }
  return undefined;
}

function addNamed(
  wanted: Readonly<Record<string, Wanted>> | undefined,
  kind: string,
  valueOf: (subject: Subject, name: string) => string | undefined,
  conditions: Condition[],
  names: string[],
): void {
  for (const [name, value] of Object.entries(wanted ?? {})) {
    const label = `${kind}.${name}`;
    if (typeof value === 'boolean') {
      const test: Condition['test'] = (subject) =>
        (valueOf(subject, name) !== undefined) === value ? NOTHING : undefined;
      conditions.push({ label, test });
    } else {
      const pattern = compileText(value);
      names.push(...pattern.names);
      conditions.push({
        label,
        test: (subject) => {
          const text = valueOf(subject, name);
          return text === undefined ? undefined : pattern.test(text);
        },
      });
    }
  }
}

function addFiles(
  rule: RuleConditions,
  { root, kindOf }: FileAccess,
  place: string,
  conditions: Condition[],
  names: readonly string[],
): void {
  const add = (label: 'isFile' | 'isFolder', kind: FileKind): void => {
    const address = rule[label];
    if (address === undefined) return;
    if (root === undefined) {
      throw new RewriteError('BAD_RULE', `${place}.${label} needs the option root: the folder to look in`);
    }
    const template = compileTemplate(address, names, `${place}.${label}`);
    const test: Condition['test'] = (subject, captures) => {
      const path = pathBelow(root, template(subject, captures));
      return path !== undefined && kindOf(path) === kind ? NOTHING : undefined;
    };
    conditions.push({ label, test });
  };
  add('isFile', 'file');
  add('isFolder', 'folder');
}

function addExceptions(
  rule: RuleConditions,
  files: FileAccess,
  place: string,
  conditions: Condition[],
): void {
  const exceptions = rule.unless === undefined ? [] : [rule.unless].flat();
  exceptions.forEach((exception, i) => {
    const label = exceptions.length === 1 ? 'unless' : `unless[${i}]`;
    const { judge: judgeException } = compileConditions(exception, files, `${place}.${label}`);
    conditions.push({
      label,
      test: (subject) => ('failed' in judgeException(subject) ? NOTHING : undefined),
    });
  });
}

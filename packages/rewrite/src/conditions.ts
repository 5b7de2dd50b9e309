import { requestField } from '@highball/gateway-protocol';
import { RewriteError } from './errors.ts';
import { type FileKind, pathBelow } from './files.ts';
import { type Captures, compilePath, type CompiledPattern, compileText, NOTHING } from './pattern.ts';
import type { RuleConditions, Wanted } from './rule.ts';
import type { Subject } from './subject.ts';
import { compileTemplate } from './template.ts';

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
  /** Whether there are none. */
  readonly always: boolean;
  judge(subject: Subject): Verdict;
}

/** Where files are looked for, and how. */
export interface FileAccess {
  readonly root: string | undefined;
  readonly kindOf: (path: string) => FileKind;
}

/** What is compiled so far. */
interface Compilation {
  readonly place: string;
  /** Whether something of the rule uses what its conditions capture. */
  readonly capturing: boolean;
  readonly conditions: Condition[];
  readonly names: string[];
}

const MATCHED: Verdict = { captures: NOTHING };

/**
 * @param addresses - what the rule's action writes with what the conditions capture.
 * @throws RewriteError `BAD_PATTERN`, `BAD_RULE`, `UNKNOWN_NAME`
 */
export function compileConditions(
  rule: RuleConditions,
  files: FileAccess,
  place: string,
  addresses: readonly string[] = [],
): CompiledConditions {
  const users = [...addresses, rule.isFile, rule.isFolder];
  const capturing = users.some((address) => address?.includes('{'));
  const compilation: Compilation = { place, capturing, conditions: [], names: [] };
  addRequestLine(rule, compilation);
  addNamed(rule.headers, 'headers', (subject, name) => requestField(subject.environ, name), compilation);
  addNamed(rule.query, 'query', ({ parameters }, name) => parameters.get(name) ?? undefined, compilation);
  addFiles(rule, files, compilation);
  addExceptions(rule, files, compilation);
  const { conditions, names } = compilation;
  return { names, always: conditions.length === 0, judge: (subject) => judge(conditions, subject) };
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

function addRequestLine(
  { path, methods, hosts, scheme }: RuleConditions,
  { place, capturing, conditions, names }: Compilation,
): void {
  const when = (label: string, holds: (subject: Subject) => boolean): void => {
    conditions.push({ label, test: (subject) => (holds(subject) ? NOTHING : undefined) });
  };
  if (methods) when('methods', ({ environ }) => methods.includes(environ.REQUEST_METHOD));
  if (scheme) when('scheme', ({ environ }) => environ['wsgi.url_scheme'] === scheme);
  if (hosts) {
    const patterns = hosts.map((host) => compileText(host, { capturing }));
    names.push(...patterns.flatMap((pattern) => pattern.names));
    conditions.push({ label: 'hosts', test: ({ host }) => firstOf(patterns, host) });
  }
  if (path !== undefined) {
    const pattern = compilePath(path, place, { capturing });
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
  { capturing, conditions, names }: Compilation,
): void {
  for (const [name, value] of Object.entries(wanted ?? {})) {
    const label = `${kind}.${name}`;
    if (typeof value === 'boolean') {
      const test: Condition['test'] = (subject) =>
        (valueOf(subject, name) !== undefined) === value ? NOTHING : undefined;
      conditions.push({ label, test });
    } else {
      const pattern = compileText(value, { capturing });
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
  { place, conditions, names }: Compilation,
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

function addExceptions(rule: RuleConditions, files: FileAccess, { place, conditions }: Compilation): void {
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

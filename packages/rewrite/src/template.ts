import { RewriteError } from './errors.ts';
import type { Captures } from './pattern.ts';
import { encodePart, type Subject } from './subject.ts';

/** Writes an address out of what a rule captured. */
export type Template = (subject: Subject, captures: Captures) => string;

/** What every request has, percent-encoded: names that nginx gives its variables. */
const VARIABLES: Readonly<Record<string, (subject: Subject) => string>> = {
  $path: ({ path, isText }) => encodePart(path, isText),
  $query: ({ environ }) => environ.QUERY_STRING,
  $scheme: ({ environ }) => environ['wsgi.url_scheme'],
  // A client may send anything as its host: what is no host must not get into an address.
  $host: ({ host }) => (/^[\w.-]+$|^\[[\da-f:.]+\]$/.test(host) ? host : ''),
};

/**
 * Compiles `/blogs/{year}/`: each `{name}` becomes what was captured, percent-encoded, its slashes kept.
 * @param names - what the rule captures.
 * @throws RewriteError `UNKNOWN_NAME`, `BAD_TEMPLATE`
 */
export function compileTemplate(template: string, names: readonly string[], place: string): Template {
  if (/[\s\p{Cc}]/u.test(template)) {
    throw new RewriteError('BAD_TEMPLATE', `${place} '${template}' has a space or a control character`);
  }
  // Text beyond ASCII is meant as it is read.
  const parts = template.replaceAll(/[^\x21-\x7e]+/g, encodeURIComponent).split(/\{(\$?\w+)\}/);
  for (let i = 1; i < parts.length; i += 2) checkName(parts[i] as string, names, template, place);
  return (subject, captures) => {
    let address = parts[0] as string;
    for (let i = 1; i < parts.length; i += 2) {
      const name = parts[i] as string;
      address += VARIABLES[name]?.(subject) ?? encodePart(captures[name] ?? '', subject.isText);
      address += parts[i + 1];
    }
    return address;
  };
}

function checkName(name: string, names: readonly string[], template: string, place: string): void {
  if (names.includes(name) || Object.hasOwn(VARIABLES, name)) return;
  const known = [...names, ...Object.keys(VARIABLES)].map((each) => `{${each}}`).join(', ');
  throw new RewriteError('UNKNOWN_NAME', `${place} '${template}' uses {${name}}; there are ${known}`);
}

import type { HeaderList } from '@highball/gateway-protocol';

/** What the server's own script needs of a page's policy. */
export interface Allowance {
  /** A source that stands for the server's private paths. */
  source: string;
  /** A nonce for a policy that goes by nonces and has none to lend. */
  makeNonce(): string;
}

const POLICY_FIELDS: ReadonlySet<string> = new Set([
  'content-security-policy',
  'content-security-policy-report-only',
]);

/**
 * Lets one more script, and its event stream, through the policies of a page (Content Security Policy Level 3): the
 * rest of what they forbid stays forbidden, so that a page which breaks its own policy does so in development too.
 * @returns the fields, and the nonce that the script must carry, if it needs one.
 */
export function allowScript(
  headers: HeaderList,
  { source, makeNonce }: Allowance,
): { headers: HeaderList; nonce?: string } {
  const policies = headers.filter(([name]) => POLICY_FIELDS.has(name.toLowerCase()));
  if (policies.length === 0) return { headers };
  const known = /'nonce-([^']+)'/i.exec(policies.map(([, value]) => value).join())?.[1];
  const nonce = known ?? makeNonce();
  return {
    nonce,
    headers: headers.map(([name, value]) =>
      // A field may hold several policies (§3.1); a page must satisfy each.
      POLICY_FIELDS.has(name.toLowerCase())
        ? [
            name,
            value
              .split(',')
              .map((policy) => amendPolicy(policy, source, nonce))
              .join(','),
          ]
        : [name, value],
    ),
  };
}

function amendPolicy(policy: string, source: string, nonce: string): string {
  const directives = new Map<string, string[]>();
  for (const text of policy.split(';')) {
    const [name, ...sources] = text.trim().split(/\s+/);
    // Of repeats the first counts (§2.2.1).
    if (name && !directives.has(name.toLowerCase())) directives.set(name.toLowerCase(), sources);
  }
  amend(directives, ['script-src-elem', 'script-src', 'default-src'], (sources) =>
    goesByNonces(sources) ? `'nonce-${nonce}'` : source,
  );
  amend(directives, ['connect-src', 'default-src'], () => source);
  return [...directives].map((directive) => directive.flat().join(' ')).join('; ');
}

/** Adds to the first of the directives what the last in force allows: each falls back to the next (§6.8.3). */
function amend(
  directives: Map<string, string[]>,
  names: readonly [string, ...string[]],
  choose: (sources: readonly string[]) => string,
): void {
  const sources = names.map((name) => directives.get(name)).find((found) => found !== undefined);
  if (sources === undefined) return;
  const more = choose(sources);
  const others = sources.filter((item) => item.toLowerCase() !== "'none'" && item !== more);
  directives.set(names[0], [...others, more]);
}

/** With these a list of hosts is not looked at, or `'unsafe-inline'` is void already: a nonce changes nothing else. */
function goesByNonces(sources: readonly string[]): boolean {
  return sources.some((source) => /^'(?:nonce-|sha\d{3}-|strict-dynamic')/i.test(source));
}

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Probe } from './probe.ts';
import { fieldProbes } from './probes-fields.ts';
import { freshnessProbes } from './probes-freshness.ts';
import { selectingProbes } from './probes-selecting.ts';
import { storingProbes } from './probes-storing.ts';
import { type ProbeResult, runProbes } from './run.ts';

/** All behaviours. */
export const probes: readonly Probe[] = [
  ...freshnessProbes,
  ...storingProbes,
  ...selectingProbes,
  ...fieldProbes,
];

/** Why some are not passed. */
export const REASONS: Readonly<Record<string, string>> = {
  'field-Set-Cookie':
    'by default no response with Set-Cookie is stored: everybody would get the cookie. `storeCookies: true` passes it',
  '304-Set-Cookie': 'no response with Set-Cookie is stored, see field-Set-Cookie',
  'set-cookie-reused': 'no response with Set-Cookie is stored, see field-Set-Cookie',
  'field-Transfer-Encoding':
    'the reverse proxy answers 502 to a transfer coding that it does not know: what it cannot frame it does not pass on (RFC 9112 §6.3)',
  'range-stored': 'parts are not stored; a whole response answers all of its ranges',
};

/** How many of a level are passed. */
export function count(
  results: readonly ProbeResult[],
  level: Probe['level'],
): { passed: number; all: number } {
  const of = results.filter(({ probe }) => probe.level === level);
  return { passed: of.filter(({ failure }) => failure === undefined).length, all: of.length };
}

/** The results as a page in Markdown. */
export function report(results: readonly ProbeResult[]): string {
  const must = count(results, 'must');
  const may = count(results, 'may');
  const failed = results.filter(({ failure }) => failure !== undefined);
  const groups = [...new Set(results.map(({ probe }) => probe.group))];
  const rows = groups.map((name) => {
    const of = results.filter(({ probe }) => probe.group === name);
    const cell = (level: Probe['level']): string => {
      const { passed, all } = count(of, level);
      return all === 0 ? '' : `${passed} of ${all}`;
    };
    return `| ${name} | ${cell('must')} | ${cell('may')} |`;
  });
  return `# What the cache does, behaviour by behaviour

Written by \`npm run score -w packages/http-cache\`; do not edit. Each probe is a few requests over real sockets, client → worker → cache → reverse proxy → origin, with default options and a clock that is set forward instead of slept through.

The behaviours are those of [http-tests/cache-tests](https://github.com/http-tests/cache-tests) (read in its npm package \`http-cache-tests\` 0.4.5, with CDN-Cache-Control and the reading of Age by RFC 9111 §5.1 as its repository has them since): _required_ ones, where a cache that does otherwise is wrong, and a choice of _optimal_ ones, where a cache that does otherwise asks the origin without need. Requests, values and the program that runs them are our own.

**Required: ${must.passed} of ${must.all}. Optimal: ${may.passed} of ${may.all}.**

| group | required | optimal |
| --- | --- | --- |
${rows.join('\n')}

## Not passed

| probe | what happens | why |
| --- | --- | --- |
${failed.map(({ probe, failure }) => `| ${probe.id} (${probe.level === 'must' ? 'required' : 'optimal'}) | ${failure} | ${REASONS[probe.id] ?? 'unknown'} |`).join('\n')}

## All

${groups
  .map(
    (name) =>
      `- **${name}**: ${results
        .filter(({ probe }) => probe.group === name)
        .map(({ probe, failure }) => (failure === undefined ? probe.id : `~~${probe.id}~~`))
        .join(', ')}`,
  )
  .join('\n')}
`;
}

if (process.argv[1] === import.meta.filename) {
  const results = await runProbes(probes);
  await writeFile(join(import.meta.dirname, '../docs/score.md'), report(results));
  const { passed, all } = count(results, 'must');
  process.stdout.write(`required: ${passed} of ${all}\n`);
}

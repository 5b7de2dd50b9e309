/**
 * Tries Highball with the servers of the WSGI world, each pair started by the commands of the documentation, and
 * sends all of them the same fifty requests: `npm run interop`, or `npm run interop -- nginx` for some of them.
 * Writes docs/interop.md when all were asked for. Ends with 1 when an answer is not as expected.
 */
import { writeFile } from 'node:fs/promises';
import { release } from 'node:os';
import { join } from 'node:path';
import { tryRequest } from './compare.ts';
import { outputOf, type Pair, pairs, reasonToSkip } from './pairs.ts';
import { failures, type Result, table } from './report.ts';
import { requests } from './requests.ts';
import { root } from './root.ts';
import { startPair } from './start-pair.ts';

const wanted = process.argv.slice(2).join(' ').toLowerCase();
const chosen = pairs.filter(({ name }) => name.toLowerCase().includes(wanted));
const results: Result[] = [];
for (const pair of chosen) {
  process.stderr.write(`${pair.name}: `);
  const result = await tryPair(pair);
  results.push(result);
  const wrong = failures([result], requests);
  process.stderr.write(
    `${result.skipped ?? (wrong.length === 0 ? 'as expected' : `${wrong.length} not as expected`)}\n`,
  );
  for (const line of wrong) process.stderr.write(`  ${line}\n`);
}
const report = table(results, requests);
console.log(report);
if (wanted === '') await writeFile(join(root, 'docs/interop.md'), await page(report));
process.exitCode = failures(results, requests).length > 0 ? 1 : 0;

async function tryPair(pair: Pair): Promise<Result> {
  const skipped = await reasonToSkip(pair);
  const differences = new Map<string, readonly string[]>();
  if (skipped !== undefined) return { pair, skipped, differences };
  try {
    await using running = await startPair(pair);
    for (const request of requests) differences.set(request.name, await tryRequest(running.port, request));
    if (process.env['INTEROP_VERBOSE']) process.stderr.write(running.output());
  } catch (error) {
    return { pair, failed: (error as Error).message, differences };
  }
  return { pair, differences };
}

async function page(report: string): Promise<string> {
  const versions = await Promise.all(
    [
      ['gunicorn', '--version'],
      [
        '/usr/bin/python3',
        '-c',
        'import flask, django; print("Flask", flask.__version__, "Django", django.__version__)',
      ],
      ['uwsgi', '--version'],
      ['php-fpm8.2', '--version'],
      ['apache2', '-v'],
      ['nginx', '-v'],
      ['haproxy', '-v'],
      ['caddy', 'version'],
    ].map(async (command) => [command[0], (await outputOf(command))?.split('\n')[0]] as const),
  );
  const date = new Date().toISOString().slice(0, 10);
  return `# Interoperability

The same ${requests.length} requests through each pair of servers, as the pages [Deploy Flask behind Highball](deploy-flask.md) and [Put Highball behind nginx](behind-nginx.md) start them. \`npm run interop\` writes this page, and fails when an answer is not as expected: the expectations are the same for all and stand in [interop/requests.ts](../interop/requests.ts).

${date}, Node ${process.version}, Linux ${release()}; ${versions
    .filter(([, version]) => version !== undefined)
    .map(([name, version]) => ((version as string).match(/^\d/) ? `${name} ${version}` : version))
    .join('; ')}.

${report}
`;
}

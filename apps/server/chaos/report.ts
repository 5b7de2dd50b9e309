import { descriptorCount, type Footprint } from './leaks.ts';
import type { StormReport } from './storm.ts';

const MEGABYTE = 2 ** 20;
const LINES_OF_LOG = 40;

/** Whether a storm has found no fault. */
export function isFaultless({ ledger, troubles, leftovers, before, after }: StormReport): boolean {
  return (
    ledger.unexcusedCount + ledger.pending + troubles.length + leftovers.length === 0 &&
    after.connections === 0 &&
    descriptorCount(after) <= descriptorCount(before)
  );
}

/** A report for people: Markdown. */
export function formatStorm(report: StormReport): string {
  const { ledger, seconds, troubles, leftovers, before, after } = report;
  const { sent, answered, connections, slowestMs, excusedCount, unexcusedCount, pending } = ledger;
  return [
    `| requests | in ${seconds} s |`,
    '| --- | ---: |',
    `| sent, over ${connections} connections | ${sent} |`,
    `| answered, the slowest after ${(slowestMs / 1000).toFixed(1)} s | ${answered} |`,
    `| lost with a worker that the test had killed | ${excusedCount} |`,
    ...rows(ledger.excused),
    `| **failed for any other reason** | **${unexcusedCount}** |`,
    ...rows(ledger.unexcused),
    `| refused by the server that was told to stop | ${ledger.turnedAway} |`,
    `| neither answered nor failed | ${pending} |`,
    `| besides: given up by the client itself | ${ledger.abandoned} |`,
    '',
    `Answered by kind: ${list(ledger.answeredByKind)}.`,
    '',
    `Events: ${list(report.events)}.`,
    '',
    `Left behind: ${leftovers.join(', ') || 'nothing'}. Not done as it should be: ${troubles.join('; ') || 'nothing'}.`,
    '',
    `First master: ${describe(before)}.`,
    `Last master: ${describe(after)}.`,
    ...details(report),
  ].join('\n');
}

function rows(counters: Readonly<Record<string, number>>): string[] {
  return Object.entries(counters)
    .toSorted()
    .map(([reason, count]) => `| – ${reason} | ${count} |`);
}

function list(counters: Readonly<Record<string, number>>): string {
  return Object.entries(counters)
    .toSorted()
    .map(([name, count]) => `${name} ${count}`)
    .join(', ');
}

function describe(print: Footprint): string {
  const { pid, residentBytes, descriptors, connections } = print;
  const memory = (residentBytes / MEGABYTE).toFixed(0);
  const kinds = list(descriptors);
  return `pid ${pid}, ${memory} MiB, ${descriptorCount(print)} descriptors (${kinds}), ${connections} connections without a client`;
}

/** Only where something has failed: what a person needs to find out why. */
function details(report: StormReport): string[] {
  if (isFaultless(report)) return [];
  const failures = report.ledger.details.map(
    ({ id, kind, reason, atMs, tookMs }) =>
      `- ${(atMs / 1000).toFixed(2)} s: ${kind} ${id}, ${reason}, after ${tookMs.toFixed(0)} ms`,
  );
  const log = report.log.trimEnd().split('\n').slice(-LINES_OF_LOG);
  return ['', 'Failures:', ...failures, '', 'The end of the log:', ...log.map((line) => `    ${line}`)];
}

// The same traffic over each strategy: node -C @highball/source examples/simulator.ts [plot.svg]
import { writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { type Strategy, STRATEGIES } from '@highball/balancer';
import { type Result, type Scenario, simulate } from './model.ts';
import { plot } from './plot.ts';

const SCENARIOS: readonly Scenario[] = ['equal', 'mixed', 'slow', 'flapping'];

/** Every strategy in every scenario; `ip-hash` is `rendezvous` and left out. */
export function runAll(): Map<Strategy, Map<Scenario, Result>> {
  const strategies = STRATEGIES.filter((name) => name !== 'ip-hash');
  return new Map(
    strategies.map((strategy) => [
      strategy,
      new Map(SCENARIOS.map((scenario) => [scenario, simulate(strategy, scenario)])),
    ]),
  );
}

/** The table of the README: p50 and p99 in milliseconds; the spread among equals; failures where they were most. */
export function table(results: ReturnType<typeof runAll>): string {
  const rows = [...results].map(([strategy, scenarios]) => {
    const each = [...scenarios.values()];
    const times = each.map(({ p50Ms, p99Ms }) => `${p50Ms.toFixed(0)} / ${p99Ms.toFixed(0)}`);
    const spread = (scenarios.get('equal') as Result).spread.toFixed(2);
    const failed = Math.max(...each.map(({ failedPercent }) => failedPercent)).toFixed(2);
    return [`\`${strategy}\``, times, spread, failed].flat();
  });
  const head = ['strategy', ...SCENARIOS, 'spread', 'failed %'];
  const widths = head.map((name, i) =>
    Math.max(...[...rows.map((row) => row[i] as string), name].map((c) => c.length)),
  );
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, i) => cell.padEnd(widths[i] as number)).join(' | ')} |`;
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n');
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const results = runAll();
  console.log(table(results));
  const path = process.argv[2];
  if (path !== undefined) writeFileSync(path, plot(results));
}

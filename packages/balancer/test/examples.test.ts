import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { plot } from '../examples/plot.ts';
import { runAll, table } from '../examples/simulator.ts';

const results = runAll();
const cells = (markdown: string): string[][] =>
  markdown
    .split('\n')
    .filter((line) => /^\| (`|strategy)/.test(line))
    .map((line) => line.split('|').map((cell) => cell.trim()));

test('the table of the README is what the simulator prints', () => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
  const [, shown = ''] = /<!-- simulator -->([^]*?)<!-- end -->/.exec(readme) ?? [];
  expect(cells(shown)).toEqual(cells(table(results)));
});

test('the picture beside it is what the simulator draws', () => {
  expect(readFileSync(new URL('../examples/strategies.svg', import.meta.url), 'utf8')).toBe(plot(results));
});

test('what the README says of the strategies holds', () => {
  const of = (strategy: string, scenario: string): { p99Ms: number; failedPercent: number } =>
    results.get(strategy as 'random')?.get(scenario as 'slow') as { p99Ms: number; failedPercent: number };
  for (const aware of ['least-connections', 'two-choices', 'peak-ewma', 'least-load']) {
    expect(of(aware, 'mixed').failedPercent, aware).toBe(0);
    expect(of(aware, 'slow').failedPercent, aware).toBe(0);
  }
  for (const blind of ['round-robin', 'random', 'ketama', 'maglev', 'rendezvous', 'nginx-ip-hash']) {
    expect(of(blind, 'mixed').failedPercent, blind).toBeGreaterThan(1);
  }
  for (const informed of ['peak-ewma', 'least-load']) {
    expect(of(informed, 'slow').p99Ms).toBeLessThan(of('least-connections', 'slow').p99Ms * 0.8);
  }
});

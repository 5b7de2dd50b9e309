import { expect, test } from 'vitest';
import { type Outcome, reaches, type Row } from '../benchmark.ts';
import { replaceBetween } from '../report/documents.ts';
import { plot } from '../report/plot.ts';
import { figures, targetTable, times } from '../report/table.ts';
import type { Ratio } from '../statistics.ts';

const ratio = (value: number): Ratio => ({ value, least: value - 0.1, most: value + 0.1 });
const more = (value: number): Row => ({
  work: 'files, `highball static`',
  against: 'nginx',
  better: 'more',
  target: 1,
  aim: 1.2,
  ratio: ratio(value),
});
const less = (value: number): Row => ({
  ...more(value),
  work: 'memory',
  better: 'less',
  target: 1.5,
  aim: 1,
});
const unmeasured: Row = {
  work: 'hello',
  against: 'Bun.serve',
  better: 'more',
  target: 1,
  skipped: 'needs bun (npm install --no-save bun)',
};

test('a target is reached from its own side, and what was not measured reaches nothing', () => {
  expect(reaches(more(1), 'target')).toBe(true);
  expect(reaches(more(0.99), 'target')).toBe(false);
  expect(reaches(less(1.5), 'target')).toBe(true);
  expect(reaches(less(1.51), 'target')).toBe(false);
  expect(reaches(less(1.2), 'aim')).toBe(false);
  expect(reaches(unmeasured, 'target')).toBeUndefined();
});

test('the table says whether targets and aims are reached', () => {
  const lines = targetTable([more(1.1), more(0.9), more(1.3), less(1.2), less(2), unmeasured])
    .split('\n')
    .slice(2);
  expect(lines.map((line) => line.split(' | ')[2])).toEqual([
    'reached',
    'missed',
    'aim reached',
    'reached',
    'missed',
    'not measured',
  ]);
  expect(lines[0]).toContain('| **1.10** | 1.00–1.20 | ≥ 1 | ≥ 1.2 |');
  expect(lines[3]).toContain('| ≤ 1.5 | ≤ 1 |');
});

test('ratios have as many digits as mean something', () => {
  expect([times(0.456), times(9.94), times(9.96), times(22.22)]).toEqual(['0.46', '9.94', '10.0', '22.2']);
});

test('the report names what was not measured and why', () => {
  const outcomes: Outcome[] = [
    { rows: [unmeasured], details: [], notes: ['A note.'], failures: ['nginx: no answer'] },
  ];
  const text = figures(outcomes, 'a machine', 'npm run bench');
  expect(text).toContain('`npm run bench`: a machine.');
  expect(text).toContain('- A note.');
  expect(text).toContain('- Failed: nginx: no answer.');
  expect(text).toContain('- Not measured: hello, against Bun.serve: needs bun (npm install --no-save bun).');
});

test('a page keeps what people have written around the figures', () => {
  const page = 'Before\n\n<!-- x:begin -->\n\nold\n\n<!-- x:end -->\n\nAfter\n';
  const once = replaceBetween(page, 'x', 'new');
  expect(once).toBe('Before\n\n<!-- x:begin -->\n\nnew\n\n<!-- x:end -->\n\nAfter\n');
  expect(replaceBetween(once, 'x', 'new')).toBe(once);
  expect(() => replaceBetween('no place', 'x', 'new')).toThrow(/no place for the figures/);
});

const bars = (svg: string): { kind: string; x: number; width: number }[] =>
  [...svg.matchAll(/<rect class="(\w+)" x="([\d.]+)" y="[\d.]+" width="([\d.]+)"/g)].map(
    ([, kind = '', x, width]) => ({
      kind,
      x: Number(x),
      width: Number(width),
    }),
  );

test('the plot has a bar for each measured row: to the right of 1 where ours is better', () => {
  const svg = plot([more(2), more(0.5), less(0.5), unmeasured], 'a machine');
  const [twice, half, little] = bars(svg);
  expect(bars(svg)).toHaveLength(3);
  const equal = Number(/class="equal" x1="([\d.]+)"/.exec(svg)?.[1]);
  expect(twice).toMatchObject({ kind: 'reached', x: equal });
  expect((half?.x ?? 0) + (half?.width ?? 0)).toBeCloseTo(equal);
  expect(half).toMatchObject({ kind: 'missed', width: twice?.width });
  // Half of the memory is as good as twice the speed.
  expect(little).toEqual(twice);
});

test('a ratio beyond the scale ends at its edge with its value beside it, and signs of XML are escaped', () => {
  const svg = plot([{ ...more(100), against: 'a < b & c' }], 'a machine');
  expect(svg).toContain('>100.0</text>');
  expect(svg).toContain('a &lt; b &amp; c');
  expect(svg).not.toContain('`');
  const width = Number(/viewBox="0 0 (\d+)/.exec(svg)?.[1]);
  expect((bars(svg)[0]?.x ?? 0) + (bars(svg)[0]?.width ?? 0)).toBeLessThan(width);
});

import { reaches, type Row } from '../benchmark.ts';
import { times } from './table.ts';

/** Widths and heights in the picture's own units. */
const LABELS = 430;
const BARS = 440;
const VALUES = 60;
const LINE = 26;
const TOP = 56;
const BOTTOM = 46;
/** Each step of the scale is a doubling. */
const FROM = 1 / 8;
const TO = 32;
const TICKS = [0.125, 0.25, 0.5, 1, 2, 4, 8, 16, 32];

const STYLE = `
text { font: 13px system-ui, sans-serif; fill: #1f2328; }
.small, .tick { font-size: 11px; fill: #59636e; }
.against { fill: #59636e; }
.tick { text-anchor: middle; }
.grid { stroke: #d1d9e0; }
.equal { stroke: #1f2328; stroke-width: 1.5; }
.reached { fill: #2f81c8; } .missed { fill: #d4862b; }
.wanted { stroke: #1f2328; stroke-width: 2; }
@media (prefers-color-scheme: dark) {
  text { fill: #f0f6fc; } .small, .tick, .against { fill: #9198a1; }
  .grid { stroke: #3d444d; } .equal, .wanted { stroke: #f0f6fc; }
  .reached { fill: #4493f8; } .missed { fill: #e3a14f; }
}`;

/** Where a ratio stands on the doubling scale. */
function x(ratio: number): number {
  const held = Math.min(TO, Math.max(FROM, ratio));
  return Math.round((LABELS + (Math.log2(held / FROM) / Math.log2(TO / FROM)) * BARS) * 10) / 10;
}

/** So that longer is better in every row. */
function upward(row: Row, ratio: number): number {
  return row.better === 'more' ? ratio : 1 / ratio;
}

function escape(text: string): string {
  return text.replaceAll('`', '').replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

function drawRow(row: Row & { ratio: NonNullable<Row['ratio']> }, i: number): string {
  const y = TOP + i * LINE;
  const end = upward(row, row.ratio.value);
  const [left, right] = [Math.min(x(1), x(end)), Math.max(x(1), x(end))];
  const wanted = row.target ?? row.aim;
  const fails = reaches(row, row.target === undefined ? 'aim' : 'target') === false;
  const tick = wanted === undefined ? '' : x(upward(row, wanted));
  return [
    `<text x="${LABELS - 12}" y="${y + 16}" text-anchor="end">${escape(row.work)} <tspan class="against">/ ${escape(row.against)}</tspan></text>`,
    `<rect class="${fails ? 'missed' : 'reached'}" x="${left}" y="${y + 5}" width="${Math.max(1, Math.round((right - left) * 10) / 10)}" height="14" rx="2"/>`,
    tick === '' ? '' : `<line class="wanted" x1="${tick}" x2="${tick}" y1="${y + 2}" y2="${y + 22}"/>`,
    `<text x="${Math.max(right, tick === '' ? 0 : tick) + 7}" y="${y + 16}">${times(end)}</text>`,
  ].join('\n');
}

/** The measured rows as bars from 1, where both are equal. */
export function plot(rows: readonly Row[], on: string): string {
  const measured = rows.filter(
    (row): row is Row & { ratio: NonNullable<Row['ratio']> } => row.ratio !== undefined,
  );
  const bottom = TOP + measured.length * LINE + 4;
  const grid = TICKS.map(
    (tick) =>
      `<line class="${tick === 1 ? 'equal' : 'grid'}" x1="${x(tick)}" x2="${x(tick)}" y1="${TOP - 4}" y2="${bottom}"/>
<text class="tick" x="${x(tick)}" y="${TOP - 10}">${tick < 1 ? `1/${1 / tick}` : tick}</text>`,
  );
  const [width, height] = [LABELS + BARS + VALUES, bottom + BOTTOM];
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">
<title>Highball compared with others</title>
<style>${STYLE}
</style>
<text x="${LABELS}" y="20">Highball, as a multiple of the other: longer to the right is better</text>
${grid.join('\n')}
${measured.map((row, i) => drawRow(row, i)).join('\n')}
<text class="small" x="12" y="${bottom + 18}">One core each, 64 connections, a browser’s requests. A thick stroke is the target; memory and latency are shown inversely.</text>
<text class="small" x="12" y="${bottom + 34}">${escape(on)}</text>
</svg>
`;
}

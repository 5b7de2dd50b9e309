/**
 * Draws the flame graph of a CPU profile: who called whom, as wide as its time. Idle time is left out.
 *
 *     node -C @highball/source benchmarks/experiments/flame.ts PROFILE.cpuprofile GRAPH.svg
 */
import { readFileSync, writeFileSync } from 'node:fs';
import type { CpuProfile } from '../profile.ts';

type Node = CpuProfile['nodes'][0] & { readonly children?: readonly number[] };

const WIDTH = 1200;
const ROW = 16;
/** Narrower ones cannot be seen. */
const LEAST_WIDTH = 0.6;
/** Modules that load modules go deeper, and say nothing. */
const DEEPEST = 40;
const CHARACTER = 6.2;

const [profileFile = '', graphFile = ''] = process.argv.slice(2);
const { nodes, samples, timeDeltas } = JSON.parse(readFileSync(profileFile, 'utf8')) as CpuProfile & {
  nodes: Node[];
};
const byId = new Map(nodes.map((node) => [node.id, node as Node]));
const own = new Map<number, number>();
for (const [i, id] of samples.entries()) own.set(id, (own.get(id) ?? 0) + (timeDeltas[i] ?? 0));

/** A node's time with that of all that it calls; of idle time nothing. */
const totals = new Map<number, number>();
function total(node: Node): number {
  const idle = node.callFrame.functionName === '(idle)';
  const calls = childrenOf(node).reduce((sum, child) => sum + total(child), 0);
  const us = idle ? 0 : (own.get(node.id) ?? 0) + calls;
  totals.set(node.id, us);
  return us;
}

function childrenOf({ children = [] }: Node): Node[] {
  return children.map((id) => byId.get(id) as Node);
}

const rectangles: string[] = [];
let deepest = 0;
function draw(node: Node, x: number, depth: number, usPerPixel: number): void {
  const us = totals.get(node.id) ?? 0;
  const width = us / usPerPixel;
  if (width < LEAST_WIDTH || depth > DEEPEST) return;
  deepest = Math.max(deepest, depth);
  const { functionName, url, lineNumber } = node.callFrame;
  const name = functionName || '(anonymous)';
  const place =
    url === '' ? '' : ` ${url.replace(/^file:.*\/(?=[^/]+\/[^/]+\/[^/]+$)/, '')}:${lineNumber + 1}`;
  const share = ((100 * us) / (totals.get(root.id) as number)).toFixed(1);
  const text = name.slice(0, Math.max(0, Math.floor((width - 4) / CHARACTER)));
  rectangles.push(
    `<g><title>${escape(`${name}${place}: ${share}%`)}</title><rect x="${x.toFixed(1)}" y="${depth * ROW}" width="${width.toFixed(1)}" height="${ROW - 1}" fill="${colour(url)}"/>` +
      (text.length > 2
        ? `<text x="${(x + 2).toFixed(1)}" y="${depth * ROW + 11}">${escape(text)}</text>`
        : '') +
      '</g>',
  );
  let left = x;
  for (const child of childrenOf(node)) {
    draw(child, left, depth + 1, usPerPixel);
    left += (totals.get(child.id) ?? 0) / usPerPixel;
  }
}

/** Ours, Node's, and what is native. */
function colour(url: string): string {
  if (url === '') return '#c8c8c8';
  return url.startsWith('node:') ? '#9fc5e8' : '#f6b26b';
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

const [root] = nodes as [Node];
draw(root, 0, 0, total(root) / WIDTH);
const height = (deepest + 1) * ROW;
writeFileSync(
  graphFile,
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="monospace" font-size="10">\n<rect width="${WIDTH}" height="${height}" fill="#fff"/>\n${rectangles.join('\n')}\n</svg>\n`,
);

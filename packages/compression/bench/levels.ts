/**
 * What each level makes of real texts, and at what cost: size as a share of the original, MB of text a second of one
 * core, and the milliseconds that 1 MB of text takes to be compressed and then sent over a line of 20 Mbit/s: the
 * default of each coding is where these are fewest. Prints a Markdown table.
 *
 *     node -C @highball/source bench/levels.ts [millisecondsEach]
 */
import zlib from 'node:zlib';
import { readTexts, type Text } from './texts.ts';

const each = Number(process.argv[2] ?? 150);
const { constants } = zlib;
const LINE_BITS_PER_MS = 20_000;

const codings: [name: string, levels: number[], encode: (bytes: Buffer, level: number) => Buffer][] = [
  ['gzip', [1, 2, 3, 4, 5, 6, 7, 9], (bytes, level) => zlib.gzipSync(bytes, { level })],
  [
    'br',
    [0, 1, 2, 3, 4, 5, 6, 7, 9, 11],
    (bytes, level) =>
      zlib.brotliCompressSync(bytes, {
        params: {
          [constants.BROTLI_PARAM_QUALITY]: level,
          [constants.BROTLI_PARAM_LGWIN]: 19,
          [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
        },
      }),
  ],
  [
    'zstd',
    [1, 2, 3, 4, 5, 6, 7, 9, 12, 19],
    (bytes, level) =>
      zlib.zstdCompressSync(bytes, {
        params: { [constants.ZSTD_c_compressionLevel]: level, [constants.ZSTD_c_windowLog]: 19 },
      }),
  ],
];

/** @returns the milliseconds of CPU that the quickest of some runs took. */
function cost(encode: () => unknown): number {
  let best = Number.POSITIVE_INFINITY;
  const end = performance.now() + each;
  do {
    const { user, system } = process.cpuUsage();
    const start = performance.now();
    encode();
    const wall = performance.now() - start;
    const cpu = process.cpuUsage({ user, system });
    // The CPU clock is too coarse for what takes less than a millisecond.
    best = Math.min(best, wall < 2 ? wall : (cpu.user + cpu.system) / 1000);
  } while (performance.now() < end);
  return best;
}

function row(label: string, texts: readonly Text[], encode: (bytes: Buffer) => Buffer): void {
  const kinds = ['HTML', 'CSS', 'JS', 'JSON'] as const;
  const cells = kinds.map((kind) => {
    const of = texts.filter((text) => text.kind === kind);
    const before = of.reduce((sum, { bytes }) => sum + bytes.length, 0);
    const after = of.reduce((sum, { bytes }) => sum + encode(bytes).length, 0);
    return `${((100 * after) / before).toFixed(1)}`;
  });
  const before = texts.reduce((sum, { bytes }) => sum + bytes.length, 0);
  const after = texts.reduce((sum, { bytes }) => sum + encode(bytes).length, 0);
  const ms = texts.reduce((sum, { bytes }) => sum + cost(() => encode(bytes)), 0);
  const speed = before / 1e6 / (ms / 1000);
  const share = after / before;
  const total = 1000 / speed + (share * 1e6 * 8) / LINE_BITS_PER_MS;
  console.log(
    `| ${label} | ${cells.join(' | ')} | ${(100 * share).toFixed(1)} | ${speed.toFixed(0)} | ${total.toFixed(1)} |`,
  );
}

const texts = readTexts();
console.log(
  `${texts.map(({ kind, bytes }) => `${kind} ${(bytes.length / 1024).toFixed(1)} KiB`).join(', ')}`,
);
console.log(
  '| coding, level | HTML % | CSS % | JS % | JSON % | all % | MB/s | ms |\n|---|---|---|---|---|---|---|---|',
);
for (const [name, levels, encode] of codings)
  for (const level of levels) row(`${name} ${level}`, texts, (bytes) => encode(bytes, level));

/**
 * What sizes are worth what: for the start of a real page, what it becomes, what encoding it at once costs the loop,
 * and what it costs in CPU to do it in the thread pool instead. Prints a Markdown table.
 *
 *     node -C @highball/source bench/sizes.ts [millisecondsEach]
 */
import { type Coding, createCodec } from '../src/codec.ts';
import { EncoderSlots } from '../src/encoder.ts';
import { startOfPage } from './texts.ts';

const each = Number(process.argv[2] ?? 300);
const LEVELS: Readonly<Record<Coding, number>> = { zstd: 3, br: 5, gzip: 5 };
const SIZES = [256, 512, 1024, 2048, 4096, 16_384, 32_768, 65_536, 131_072];
/** Payload of a packet: 1500 of Ethernet without IP's and TCP's heads, and a head of HTTP of 300. */
const FIRST_PACKET_BYTES = 1160;
const PACKET_BYTES = 1460;

const packets = (bytes: number): number =>
  1 + Math.max(0, Math.ceil((bytes - FIRST_PACKET_BYTES) / PACKET_BYTES));

/** @returns microseconds of CPU, all threads together, for one run. */
async function cost(run: () => unknown): Promise<number> {
  for (let i = 0; i < 20; i++) await run();
  const start = process.cpuUsage();
  const end = performance.now() + each;
  let runs = 0;
  for (; performance.now() < end; runs++) await run();
  const { user, system } = process.cpuUsage(start);
  return (user + system) / runs;
}

console.log(
  '| bytes | coding | becomes | packets | at once, µs | in the pool, µs of CPU |\n|---|---|---|---|---|---|',
);
for (const size of SIZES) {
  const bytes = startOfPage(size);
  for (const coding of ['zstd', 'br', 'gzip'] as const) {
    const codec = createCodec(coding, LEVELS[coding]);
    const slots = new EncoderSlots(1);
    const encoded = codec.encode(bytes).length;
    const atOnce = await cost(() => codec.encode(bytes));
    const pooled = await cost(async () => {
      const { encoder, release } = slots.take(codec, false);
      await encoder.encode(bytes);
      await encoder.finish();
      release();
    });
    const cells = [
      size,
      coding,
      encoded,
      `${packets(size)} → ${packets(encoded)}`,
      atOnce.toFixed(0),
      pooled.toFixed(0),
    ];
    console.log(`| ${cells.join(' | ')} |`);
  }
}

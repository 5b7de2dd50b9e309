/**
 * What open compressors weigh: 100 of each, after 1 MiB of text went through each. In a process of its own each,
 * since freed memory does not go back at once. Prints a Markdown table.
 *
 *     node -C @highball/source bench/memory.ts
 */
import { execFileSync } from 'node:child_process';
import { type Coding, createCodec } from '../src/codec.ts';
import { EncoderSlots } from '../src/encoder.ts';
import { readTexts } from './texts.ts';

const LEVELS: Readonly<Record<Coding, number>> = { zstd: 3, br: 5, gzip: 5 };
const COUNT = 100;

async function weigh(coding: Coding): Promise<number> {
  const text = Buffer.concat(readTexts().map(({ bytes }) => bytes));
  const mebibyte = Buffer.concat([text, text, text]).subarray(0, 1_048_576);
  const slots = new EncoderSlots(COUNT + 1);
  const codec = createCodec(coding, LEVELS[coding]);
  const fill = async (): Promise<void> => void (await slots.take(codec, true).encoder.encode(mebibyte));
  await fill();
  const before = process.memoryUsage.rss();
  for (let i = 0; i < COUNT; i++) await fill();
  return (process.memoryUsage.rss() - before) / COUNT / 1024;
}

const [coding] = process.argv.slice(2);
if (coding === undefined) {
  console.log('| coding | KiB each |\n|---|---|');
  for (const name of Object.keys(LEVELS)) {
    const args = ['-C', '@highball/source', import.meta.filename, name];
    console.log(`| ${name} | ${execFileSync(process.execPath, args, { encoding: 'utf8' }).trim()} |`);
  }
} else {
  console.log((await weigh(coding as Coding)).toFixed(0));
  process.exit();
}

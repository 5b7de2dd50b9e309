/**
 * What a compressor of a body in pieces costs beside the compressing: memory, 100 open ones, after 1 MiB of text went
 * through each; and time, for a body of one small piece, with a new compressor for each body and with one that is
 * reset between. In a process of its own each, since freed memory does not go back at once. Prints a Markdown table.
 *
 *     node -C @highball/source bench/encoders.ts
 */
import { execFileSync } from 'node:child_process';
import type { ZlibReset } from 'node:zlib';
import { type Codec, type Coding, createCodec, type EncodingStream } from '../src/codec.ts';
import { EncoderSlots } from '../src/encoder.ts';
import { readTexts } from './texts.ts';

const LEVELS: Readonly<Record<Coding, number>> = { zstd: 3, br: 5, gzip: 5 };
const COUNT = 100;
const RUNS = 2000;

async function weigh(codec: Codec): Promise<number> {
  const text = Buffer.concat(readTexts().map(({ bytes }) => bytes));
  const mebibyte = Buffer.concat([text, text, text]).subarray(0, 1_048_576);
  const slots = new EncoderSlots(COUNT + 1);
  const fill = async (): Promise<void> => void (await slots.take(codec, true).encoder.encode(mebibyte));
  await fill();
  const before = process.memoryUsage.rss();
  for (let i = 0; i < COUNT; i++) await fill();
  return (process.memoryUsage.rss() - before) / COUNT / 1024;
}

/** @returns microseconds a run; the best of several tenths of the runs, since others use the machine. */
async function time(run: () => Promise<unknown>): Promise<number> {
  let best = Number.POSITIVE_INFINITY;
  for (let tenth = 0; tenth < 10; tenth++) {
    const start = performance.now();
    for (let i = 0; i < RUNS / 10; i++) await run();
    best = Math.min(best, ((performance.now() - start) * 10_000) / RUNS);
  }
  return best;
}

async function encodeAnew(codec: Codec, bytes: Uint8Array): Promise<void> {
  const { encoder, release } = new EncoderSlots(1).take(codec, true);
  await encoder.encode(bytes);
  await encoder.finish();
  release();
}

/** The same steps with one stream; node:zlib can begin again after the flush that ends. */
function resetting(codec: Codec, bytes: Uint8Array): () => Promise<void> {
  const stream = codec.createStream(true) as EncodingStream & ZlibReset;
  return async () => {
    await new Promise((resolve) => stream.write(bytes, resolve));
    stream.read();
    await new Promise<void>((resolve) => stream.flush(codec.finishKind, resolve));
    stream.read();
    stream.reset();
  };
}

const [coding] = process.argv.slice(2) as Coding[];
if (coding === undefined) {
  console.log('| coding | KiB each | new, µs | reset, µs |\n|---|---|---|---|');
  for (const name of Object.keys(LEVELS)) {
    const args = ['-C', '@highball/source', import.meta.filename, name];
    console.log(execFileSync(process.execPath, args, { encoding: 'utf8' }).trim());
  }
} else {
  const codec = createCodec(coding, LEVELS[coding]);
  const small = Buffer.from(
    'data: an event of a hundred bytes or so, as a server sends it to a browser, again and again\n\n',
  );
  const cells = [
    await weigh(codec),
    await time(() => encodeAnew(codec, small)),
    await time(resetting(codec, small)),
  ];
  console.log(`| ${coding} | ${cells.map((cell) => cell.toFixed(0)).join(' | ')} |`);
  process.exit();
}

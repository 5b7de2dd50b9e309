import type { Transform } from 'node:stream';
import zlib from 'node:zlib';

/** The codings that can be produced, by their registered names (RFC 9110 §8.4.1; RFC 7932; RFC 8878). */
export type Coding = 'gzip' | 'br' | 'zstd';

/** What node:zlib makes. */
export type EncodingStream = Transform & zlib.Zlib;

/** One way to encode, at one level. */
export interface Codec {
  readonly coding: Coding;
  /** Bytes that are encoded in so short a time that it need not be left to another thread. */
  readonly quickBytes: number;
  /** Encodes at once, in this thread. */
  encode(bytes: Uint8Array): Buffer;
  /**
   * A stream that encodes in the thread pool.
   * @param flush - whether all that was written comes out with each write: costs some bytes each.
   */
  createStream(flush: boolean): EncodingStream;
  /** The flush by which such a stream ends what it has encoded. */
  readonly finishKind: number;
}

/**
 * Levels from the first on, with the MB of text a second (bytes in a microsecond) that each encodes: bench/levels.ts;
 * of a level that is not measured there, what the next higher makes. Above zstd's 19 are windows of more than 8 MiB,
 * which no client has to accept (RFC 9659 §3).
 */
const SPEEDS: Readonly<Record<Coding, readonly number[]>> = {
  gzip: [234, 235, 193, 162, 127, 88, 70, 35, 35],
  br: [793, 521, 241, 200, 128, 87, 79, 68, 6, 6, 1, 1],
  zstd: [683, 621, 544, 292, 181, 146, 125, 91, 91, 33, 33, 33, 3, 3, 3, 3, 3, 3, 3],
};

/** Lowest and highest level of each coding. */
export const LEVELS: Readonly<Record<Coding, readonly [lowest: number, highest: number]>> = {
  gzip: [1, SPEEDS.gzip.length],
  br: [0, SPEEDS.br.length - 1],
  zstd: [1, SPEEDS.zstd.length],
};

/** The loop may stand still for so long; a trip to the thread pool and back takes a fifth of that. */
const QUICK_MICROSECONDS = 400;
/** A larger body leaves piece by piece: the client has the first of it sooner, and nobody holds all of it twice. */
const MAX_QUICK_BYTES = 131_072;

function quickBytes(coding: Coding, level: number): number {
  const speed = SPEEDS[coding][level - LEVELS[coding][0]] as number;
  return Math.min(MAX_QUICK_BYTES, speed * QUICK_MICROSECONDS);
}

const { constants } = zlib;
/**
 * Windows of 512 KiB for brotli and zstd (nginx's brotli_window): an answer is seldom longer, and each compressor
 * has one in memory.
 */
const WINDOW_BITS = 19;
/** zlib takes no less for gzip. */
const MIN_GZIP_WINDOW_BITS = 9;
/** One read of it is one piece of the answer; Node's 16 KiB would cost four trips to the thread pool. */
const CHUNK_BYTES = 65_536;
/** All of a piece is taken in one read: see Encoder. */
const STREAM = { chunkSize: CHUNK_BYTES, readableHighWaterMark: Number.MAX_SAFE_INTEGER };

/**
 * Room for what a whole body becomes: texts get smaller than half, and if it is not enough, more is taken. Node's
 * 16 KiB cost a fifth of the time at 1 KiB.
 */
function roomFor(bytes: Uint8Array): number {
  return Math.max(constants.Z_MIN_CHUNK, bytes.byteLength >> 1);
}

/** What deflate needs beside what a window reaches back over: its longest match, and a little more. */
const DEFLATE_MARGIN = 262;

/**
 * The least window that reaches over all of a body, as nginx chooses it where it knows the length: at 1 KiB it takes a
 * seventh less time to set up than the greatest, and what comes out is the same.
 */
export function gzipWindowBits(bytes: number): number {
  let bits = constants.Z_MAX_WINDOWBITS;
  while (bits > MIN_GZIP_WINDOW_BITS && bytes <= 2 ** (bits - 1) - DEFLATE_MARGIN) bits--;
  return bits;
}

/** Whether this runtime can produce a coding: zstd came with Node 22.15, and other runtimes lack it. */
export function isSupported(coding: Coding): boolean {
  return coding !== 'zstd' || typeof zlib.createZstdCompress === 'function';
}

/** Makes the codec of a coding at a level. */
export function createCodec(coding: Coding, level: number): Codec {
  return { coding, quickBytes: quickBytes(coding, level), ...FACTORIES[coding](level) };
}

const FACTORIES: Readonly<Record<Coding, (level: number) => Omit<Codec, 'coding' | 'quickBytes'>>> = {
  gzip: (level) => ({
    finishKind: constants.Z_FINISH,
    encode: (bytes) =>
      zlib.gzipSync(bytes, {
        level,
        chunkSize: roomFor(bytes),
        windowBits: gzipWindowBits(bytes.byteLength),
      }),
    createStream: (flush) =>
      zlib.createGzip({ ...STREAM, level, flush: flush ? constants.Z_SYNC_FLUSH : constants.Z_NO_FLUSH }),
  }),
  br: (level) => {
    const params = { [constants.BROTLI_PARAM_QUALITY]: level, [constants.BROTLI_PARAM_LGWIN]: WINDOW_BITS };
    return {
      finishKind: constants.BROTLI_OPERATION_FINISH,
      encode: (bytes) =>
        zlib.brotliCompressSync(bytes, {
          chunkSize: roomFor(bytes),
          params: { ...params, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.byteLength },
        }),
      createStream: (flush) =>
        zlib.createBrotliCompress({
          ...STREAM,
          params,
          flush: flush ? constants.BROTLI_OPERATION_FLUSH : constants.BROTLI_OPERATION_PROCESS,
        }),
    };
  },
  zstd: (level) => {
    const params = {
      [constants.ZSTD_c_compressionLevel]: level,
      [constants.ZSTD_c_windowLog]: WINDOW_BITS,
    };
    return {
      finishKind: constants.ZSTD_e_end,
      encode: (bytes) => zlib.zstdCompressSync(bytes, { params, chunkSize: roomFor(bytes) }),
      createStream: (flush) =>
        zlib.createZstdCompress({
          ...STREAM,
          params,
          flush: flush ? constants.ZSTD_e_flush : constants.ZSTD_e_continue,
        }),
    };
  },
};

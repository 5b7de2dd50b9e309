import type { Transform } from 'node:stream';
import zlib from 'node:zlib';

/** The codings that can be produced, by their registered names (RFC 9110 §8.4.1; RFC 7932; RFC 8878). */
export type Coding = 'gzip' | 'br' | 'zstd';

/** What node:zlib makes. */
export type EncodingStream = Transform & zlib.Zlib;

/** One way to encode, at one level. */
export interface Codec {
  readonly coding: Coding;
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

/** Lowest and highest level of each coding that is of use for answers. */
export const LEVELS: Readonly<Record<Coding, readonly [lowest: number, highest: number]>> = {
  gzip: [1, 9],
  br: [0, 11],
  // Above are windows of more than 8 MiB, which no client has to accept (RFC 9659 §3).
  zstd: [1, 19],
};

const { constants } = zlib;
/**
 * Windows of 512 KiB for brotli and zstd (nginx's brotli_window): an answer is seldom longer, and each compressor
 * has one in memory.
 */
const WINDOW_BITS = 19;
/** One read of it is one piece of the answer; Node's 16 KiB would cost four trips to the thread pool. */
const CHUNK_BYTES = 65_536;
/** All of a piece is taken in one read: see Encoder. */
const STREAM = { chunkSize: CHUNK_BYTES, readableHighWaterMark: Number.MAX_SAFE_INTEGER };

/** Whether this runtime can produce a coding: zstd came with Node 22.15, and other runtimes lack it. */
export function isSupported(coding: Coding): boolean {
  return coding !== 'zstd' || typeof zlib.createZstdCompress === 'function';
}

/** Makes the codec of a coding at a level. */
export function createCodec(coding: Coding, level: number): Codec {
  return FACTORIES[coding](level);
}

const FACTORIES: Readonly<Record<Coding, (level: number) => Codec>> = {
  gzip: (level) => ({
    coding: 'gzip',
    finishKind: constants.Z_FINISH,
    encode: (bytes) => zlib.gzipSync(bytes, { level }),
    createStream: (flush) =>
      zlib.createGzip({ ...STREAM, level, flush: flush ? constants.Z_SYNC_FLUSH : constants.Z_NO_FLUSH }),
  }),
  br: (level) => {
    const params = { [constants.BROTLI_PARAM_QUALITY]: level, [constants.BROTLI_PARAM_LGWIN]: WINDOW_BITS };
    return {
      coding: 'br',
      finishKind: constants.BROTLI_OPERATION_FINISH,
      encode: (bytes) =>
        zlib.brotliCompressSync(bytes, {
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
      coding: 'zstd',
      finishKind: constants.ZSTD_e_end,
      encode: (bytes) => zlib.zstdCompressSync(bytes, { params }),
      createStream: (flush) =>
        zlib.createZstdCompress({
          ...STREAM,
          params,
          flush: flush ? constants.ZSTD_e_flush : constants.ZSTD_e_continue,
        }),
    };
  },
};

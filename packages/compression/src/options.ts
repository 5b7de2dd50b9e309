import type { Environ } from '@highball/gateway-protocol';
import { chooseCoding, type CodingChoice, parseCodings, rememberField } from '@highball/http-semantics';
import { type Codec, type Coding, createCodec, isSupported, LEVELS } from './codec.ts';
import { isCompressible } from './compressible.ts';
import { EncoderSlots } from './encoder.ts';
import { CompressionOptionError } from './errors.ts';

/** Options of {@link compression}. */
export interface CompressionOptions {
  /**
   * The codings, in the order in which equals are chosen. What the runtime cannot produce is left out.
   * @default ['zstd', 'br', 'gzip'] (measured: see bench/levels.ts)
   */
  codings?: readonly Coding[];
  /** The level of each coding: gzip 1–9, br 0–11, zstd 1–19. @default gzip 5, br 5, zstd 3 (measured) */
  levels?: Partial<Record<Coding, number>>;
  /**
   * Bodies known to be smaller stay as they are: below one packet nothing is won but work.
   * @default 1024 (measured: see bench/sizes.ts)
   */
  minBytes?: number;
  /**
   * Whole bodies up to this size are compressed at once, larger ones in the thread pool, which costs more CPU but
   * does not hold up the loop. @default what takes 0.4 ms by the coding and its level: zstd 3 131_072, gzip 5 50_800,
   * br 5 34_800, br 11 400 (measured: see bench/sizes.ts)
   */
  syncMaxBytes?: number;
  /**
   * Compressors open at the same time in the thread pool; the answers beyond stay as they are. Each has about
   * half a MiB of memory (bench/memory.ts). @default 128
   */
  maxConcurrent?: number;
  /**
   * Which media types are compressed; called with the type in lower case, without parameters.
   * @default {@link isCompressible}
   */
  types?: (mediaType: string) => boolean;
  /**
   * Whether the answer to a request is not to be compressed, as where a page shows a secret beside what the client
   * sent (BREACH, CVE-2013-3587). Asked before the application is called. @default never
   */
  skip?: (environ: Environ) => boolean;
}

/** Options with their defaults. */
export interface Settings {
  /** Chooses by Accept-Encoding. */
  readonly negotiate: (accept: string) => CodingChoice;
  readonly codecs: ReadonlyMap<string, Codec>;
  readonly minBytes: number;
  /** Undefined: as each codec has it. */
  readonly syncMaxBytes: number | undefined;
  readonly slots: EncoderSlots;
  readonly isCompressible: (mediaType: string) => boolean;
  readonly skip: ((environ: Environ) => boolean) | undefined;
}

const DEFAULT_CODINGS: readonly Coding[] = ['zstd', 'br', 'gzip'];
/**
 * Where compressing and sending over 20 Mbit/s together take least: bench/levels.ts. For zstd that would be 6, by a
 * fortieth; 3 takes a quarter of the CPU.
 */
const DEFAULT_LEVELS: Readonly<Record<Coding, number>> = { gzip: 5, br: 5, zstd: 3 };
const DEFAULT_MIN_BYTES = 1024;
const DEFAULT_MAX_CONCURRENT = 128;

/** @throws CompressionOptionError when an option makes no sense. */
export function resolveOptions(options: CompressionOptions): Settings {
  const codings = checkCodings(options.codings ?? DEFAULT_CODINGS).filter(isSupported);
  const levels = { ...DEFAULT_LEVELS, ...options.levels };
  for (const name of Object.keys(levels)) checkLevel(name, levels[name as Coding]);
  return {
    negotiate: rememberField((accept) => chooseCoding(parseCodings(accept), codings)),
    codecs: new Map(codings.map((coding) => [coding, createCodec(coding, levels[coding])])),
    minBytes: atLeast(0, 'minBytes', options.minBytes ?? DEFAULT_MIN_BYTES),
    syncMaxBytes:
      options.syncMaxBytes === undefined ? undefined : atLeast(0, 'syncMaxBytes', options.syncMaxBytes),
    slots: new EncoderSlots(atLeast(0, 'maxConcurrent', options.maxConcurrent ?? DEFAULT_MAX_CONCURRENT)),
    isCompressible: options.types ?? isCompressible,
    skip: options.skip,
  };
}

function checkCodings(codings: readonly Coding[]): readonly Coding[] {
  const unknown = codings.find((coding) => !Object.hasOwn(LEVELS, coding));
  if (unknown !== undefined)
    throw new CompressionOptionError(`codings has '${unknown}'; there are ${Object.keys(LEVELS).join(', ')}`);
  if (new Set(codings).size < codings.length) throw new CompressionOptionError('codings has one twice');
  return codings;
}

function checkLevel(name: string, level: number): void {
  if (!Object.hasOwn(LEVELS, name))
    throw new CompressionOptionError(`levels has '${name}', which is no coding`);
  const [lowest, highest] = LEVELS[name as Coding];
  if (!Number.isInteger(level) || level < lowest || level > highest)
    throw new CompressionOptionError(`levels.${name} is from ${lowest} to ${highest}, not ${level}`);
}

function atLeast(lowest: number, name: string, value: number): number {
  if (value >= lowest) return value;
  throw new CompressionOptionError(`${name} is ${lowest} or more, not ${value}`);
}

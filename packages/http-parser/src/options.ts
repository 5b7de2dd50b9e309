import { LocalProtocolError } from './errors.ts';

/** Limits and leniencies of a parser. All limits have a default; all leniencies are off. */
export interface ParserOptions {
  /** Bytes of a start line, without its end. Over it: 414. @default 8190 (Apache's LimitRequestLine) */
  maxRequestLineBytes?: number;
  /** Fields of a head. Over it: 431. @default 100 (Apache, gunicorn) */
  maxFields?: number;
  /** Bytes of one field, name and value. Over it: 431. @default 8190 (Apache, gunicorn) */
  maxFieldBytes?: number;
  /** Bytes of a whole head. Over it: 431. @default 65536 */
  maxHeadBytes?: number;
  /** Bytes of chunk extensions in one body. Over it: 400. @default 4096 */
  maxChunkExtensionBytes?: number;
  /** Fields of a trailer section. Over it: 431. @default 32 */
  maxTrailerFields?: number;
  /** Bytes of a body. Over it: 413. @default Infinity */
  maxBodyBytes?: number;
  /** Methods to accept; others get 501. Without it any token is a method. */
  methods?: readonly string[];
  /**
   * Takes LF alone as a line's end (RFC 9112 §2.2 allows it). Gives up: a proxy in front that reads lines
   * otherwise may see other messages than we do (request smuggling).
   */
  allowBareLf?: boolean;
  /**
   * Replaces a folded line's break by spaces (RFC 9112 §5.2). Gives up: a proxy in front that takes the folded
   * line for a field of its own sees other fields than we do.
   */
  allowObsFold?: boolean;
}

/** Options with their defaults. */
export interface ResolvedOptions {
  readonly maxRequestLineBytes: number;
  readonly maxFields: number;
  readonly maxFieldBytes: number;
  readonly maxHeadBytes: number;
  readonly maxChunkExtensionBytes: number;
  readonly maxTrailerFields: number;
  readonly maxBodyBytes: number;
  readonly methods: ReadonlySet<string> | undefined;
  readonly allowBareLf: boolean;
  readonly allowObsFold: boolean;
}

const DEFAULT_LIMITS = {
  maxRequestLineBytes: 8190,
  maxFields: 100,
  maxFieldBytes: 8190,
  maxHeadBytes: 65_536,
  maxChunkExtensionBytes: 4096,
  maxTrailerFields: 32,
  maxBodyBytes: Number.POSITIVE_INFINITY,
} as const;

/** @throws LocalProtocolError BAD_OPTION when a limit is no positive number. */
export function resolveOptions(options: ParserOptions = {}): ResolvedOptions {
  const limits = { ...DEFAULT_LIMITS } as Record<keyof typeof DEFAULT_LIMITS, number>;
  for (const name of Object.keys(DEFAULT_LIMITS) as (keyof typeof DEFAULT_LIMITS)[]) {
    const value = options[name];
    if (value === undefined) continue;
    if (!(value >= 0)) throw new LocalProtocolError('BAD_OPTION', `${name} must be 0 or more, not ${value}`);
    limits[name] = value;
  }
  return {
    ...limits,
    methods: options.methods && new Set(options.methods),
    allowBareLf: options.allowBareLf ?? false,
    allowObsFold: options.allowObsFold ?? false,
  };
}

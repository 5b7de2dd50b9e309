import type { HeaderField, HeaderList } from '@highball/gateway-protocol';
import type { BigIntStats } from 'node:fs';
import type { Validators } from './conditional.ts';
import { freezeFields } from './fields.ts';
import { contentType } from './media-type.ts';
import type { ResolvedOptions } from './options.ts';
import { stateOf } from './state.ts';

/**
 * A file in one coding, as it was at one moment. Its lists of fields are frozen, and the same for each answer: a server
 * may keep the head that it makes of one.
 */
export interface Representation extends Validators {
  readonly path: string;
  readonly size: number;
  /** See `stateOf`. */
  readonly state: string;
  readonly coding: string;
  readonly contentType: string;
  /** Seconds for Expires. */
  readonly maxAgeSeconds: number;
  /** What every answer with a part of it says, but for Content-Type and Content-Length. */
  readonly common: readonly HeaderField[];
  /** The fields of 200. */
  readonly whole: HeaderList;
  /** The fields of 304: the others are in the client's copy (RFC 9110 §15.4.5). */
  readonly notModified: HeaderList;
}

/** What a representation is made of. */
export interface Source {
  readonly path: string;
  /** The file's path below the root, without the ending of its coding. */
  readonly name: string;
  readonly coding: string;
  readonly stats: BigIntStats;
  /** The hash of the content, where entity tags are made of it. */
  readonly hash: string | undefined;
  /** Whether there are other codings of the same file. */
  readonly varies: boolean;
}

export function makeRepresentation(source: Source, options: ResolvedOptions): Representation {
  const { stats, coding, name, varies } = source;
  const type = contentType(name, options.types, options.charset);
  const { control, maxAgeSeconds } = options.cachePolicy(name, type);
  const modifiedSeconds = Number(stats.mtimeNs / 1_000_000_000n);
  const etag = etagOf(source);
  const caching: HeaderField[] = [
    ['ETag', etag],
    ['Cache-Control', control],
    ...(varies ? [['Vary', 'Accept-Encoding'] satisfies HeaderField] : []),
  ];
  const common: HeaderField[] = [
    ...caching,
    ['Last-Modified', new Date(modifiedSeconds * 1000).toUTCString()],
    ['Accept-Ranges', 'bytes'],
    ...(coding === 'identity' ? [] : [['Content-Encoding', coding] satisfies HeaderField]),
    ...(options.nosniff ? [['X-Content-Type-Options', 'nosniff'] satisfies HeaderField] : []),
    ...options.headers.map(([field, value]) => [field, value] satisfies HeaderField),
  ];
  const size = Number(stats.size);
  const whole = freezeFields([...common, ['Content-Type', type], ['Content-Length', String(size)]]);
  return {
    path: source.path,
    size,
    state: stateOf(stats),
    coding,
    contentType: type,
    maxAgeSeconds,
    etag,
    modifiedSeconds,
    common,
    whole,
    notModified: freezeFields(caching),
  };
}

/** Strong, and another one for each coding (RFC 9110 §8.8.3.3). */
function etagOf({ stats, coding, hash }: Source): string {
  const state = hash ?? `${stats.mtimeNs.toString(36)}-${stats.size.toString(36)}`;
  return `"${state}${coding === 'identity' ? '' : `-${coding}`}"`;
}

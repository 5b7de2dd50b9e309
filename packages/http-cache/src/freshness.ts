import type { HeaderList } from '@highball/gateway-protocol';
import { parseHttpDate } from '@highball/http-semantics';
import { type Directives, secondsOf } from './directives.ts';
import { fieldValue } from './fields.ts';
import type { ResponseControl } from './targeted.ts';

/** Statuses to which a lifetime may be given that nobody stated (RFC 9110 §15.1). */
const HEURISTIC: ReadonlySet<number> = new Set([200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501]);

/** Whether a response with this status may be stored without a stated lifetime. */
export function isHeuristic(status: number): boolean {
  return HEURISTIC.has(status);
}

/** Milliseconds since the epoch: when a request was sent, when its response began. */
export interface ExchangeTimes {
  readonly requestMs: number;
  readonly responseMs: number;
}

/** How lifetimes are guessed where the origin says nothing. */
export interface HeuristicOptions {
  /** The part of the time since Last-Modified. */
  readonly heuristicFraction: number;
  readonly maxHeuristicSeconds: number;
}

/** For how long, and after that on what terms, a stored response may be used. All of it is plain data. */
export interface Freshness {
  readonly responseMs: number;
  /** The age when it came (RFC 9111 §4.2.3, corrected_initial_age). */
  readonly initialAgeSeconds: number;
  readonly lifetimeSeconds: number;
  /** The origin stated the lifetime. */
  readonly explicit: boolean;
  /** Never to be used without asking the origin (no-cache without field names). */
  readonly noCache: boolean;
  /** Never to be used stale (RFC 9111 §4.2.4). */
  readonly mustRevalidate: boolean;
  /** Not to be used stale but where the response itself says so: what s-maxage implies (RFC 9111 §5.2.2.10). */
  readonly sharedMaxAge: boolean;
  readonly staleWhileRevalidateSeconds: number;
  /** Undefined: the origin says nothing about it. */
  readonly staleIfErrorSeconds: number | undefined;
}

/** What a response's fields say about its freshness in a shared cache. */
export function freshnessOf(
  status: number,
  fields: HeaderList,
  { directives, targeted }: ResponseControl,
  times: ExchangeTimes,
  heuristic: HeuristicOptions,
): Freshness {
  const stated = statedLifetime(fields, directives, targeted, times.responseMs);
  return {
    responseMs: times.responseMs,
    initialAgeSeconds: initialAge(fields, times),
    lifetimeSeconds: stated ?? guessedLifetime(status, fields, directives, times.responseMs, heuristic),
    explicit: stated !== undefined,
    noCache: directives.has('no-cache') && directives.get('no-cache') === undefined,
    mustRevalidate: directives.has('must-revalidate') || directives.has('proxy-revalidate'),
    sharedMaxAge: directives.has('s-maxage'),
    staleWhileRevalidateSeconds: secondsOf(directives, 'stale-while-revalidate') ?? 0,
    staleIfErrorSeconds: secondsOf(directives, 'stale-if-error'),
  };
}

/** RFC 9111 §4.2.1: s-maxage, max-age, Expires − Date. */
function statedLifetime(
  fields: HeaderList,
  directives: Directives,
  targeted: boolean,
  responseMs: number,
): number | undefined {
  const seconds = secondsOf(directives, 's-maxage') ?? secondsOf(directives, 'max-age');
  if (seconds !== undefined || targeted) return seconds;
  const expires = fieldValue(fields, 'expires');
  if (expires === undefined) return undefined;
  const until = parseHttpDate(expires, responseMs);
  // One that cannot be read, `0` above all, is in the past (RFC 9111 §5.3).
  if (until === undefined) return 0;
  return Math.max(0, until - dateOf(fields, responseMs)) / 1000;
}

/** RFC 9111 §4.2.2. */
function guessedLifetime(
  status: number,
  fields: HeaderList,
  directives: Directives,
  responseMs: number,
  { heuristicFraction, maxHeuristicSeconds }: HeuristicOptions,
): number {
  if (!isHeuristic(status) && !directives.has('public')) return 0;
  const modified = parseHttpDate(fieldValue(fields, 'last-modified') ?? '', responseMs);
  if (modified === undefined) return 0;
  const unchanged = (dateOf(fields, responseMs) - modified) / 1000;
  return Math.min(Math.max(0, unchanged * heuristicFraction), maxHeuristicSeconds);
}

/** RFC 9111 §4.2.3. */
function initialAge(fields: HeaderList, { requestMs, responseMs }: ExchangeTimes): number {
  const wholeSeconds = Math.floor(responseMs / 1000) * 1000;
  const apparent = Math.max(0, wholeSeconds - dateOf(fields, wholeSeconds)) / 1000;
  const corrected = receivedAge(fieldValue(fields, 'age')) + Math.max(0, responseMs - requestMs) / 1000;
  return Math.max(apparent, corrected);
}

/** The first of several; one that is no number is ignored (RFC 9111 §5.1). */
function receivedAge(value: string | undefined): number {
  const first = value?.split(',')[0]?.trim() ?? '';
  return /^\d+$/.test(first) ? Number(first) : 0;
}

function dateOf(fields: HeaderList, responseMs: number): number {
  return parseHttpDate(fieldValue(fields, 'date') ?? '', responseMs) ?? responseMs;
}

/** The age of a stored response now, in seconds (RFC 9111 §4.2.3, current_age). */
export function currentAge({ responseMs, initialAgeSeconds }: Freshness, now: number): number {
  return initialAgeSeconds + Math.max(0, now - responseMs) / 1000;
}

/** For how many seconds it is fresh yet; negative: for so long it has been stale. */
export function timeToLive(freshness: Freshness, now: number): number {
  return freshness.lifetimeSeconds - currentAge(freshness, now);
}

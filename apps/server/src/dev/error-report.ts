import type { Environ } from '@highball/gateway-protocol';
import { inspect, isDeepStrictEqual } from 'node:util';
import { CommandError } from '../errors.ts';
import { chainOf, type ChainLink, isError, type Relation } from './error-chain.ts';
import { type FrameOrigin, frameOrigin } from './frame-origin.ts';
import { type Excerpt, readExcerpt } from './source-excerpt.ts';
import { compilerPlace, type Frame, parseStack, type Place } from './stack-frames.ts';

/** A frame, and what stands there. */
export interface ReportedFrame extends Frame {
  origin: FrameOrigin;
  /** How often it stands there one after the other: a recursion. */
  times: number;
  /** Only for code of the application. */
  excerpt?: Excerpt | undefined;
}

/** What was thrown, taken apart. */
export interface ReportedError {
  relation: Relation;
  /** As in `TypeError`; `Thrown value` for what is no Error. */
  name: string;
  message: string;
  /** Properties besides the usual ones, as `code`: name and text. */
  details: [name: string, text: string][];
  frames: ReportedFrame[];
}

/** All that an error page shows. */
export interface ErrorReport {
  /** Whether the application failed to answer, or there is none to ask. */
  kind: 'request' | 'load';
  /** The error, what caused it, what caused that… and what an AggregateError has gathered. */
  errors: ReportedError[];
  environ: Environ;
}

/** What happened, in a few words. */
export function titleOf({ kind }: Pick<ErrorReport, 'kind'>): string {
  return kind === 'load' ? 'The application does not load' : 'The application failed';
}

/** Longer texts are for a log. */
const MAX_TEXT_LENGTH = 5000;

/**
 * Takes an error apart.
 * @param isOwn - whether a file is the application's.
 * @param place - where the compiler stopped, if the error itself does not say it.
 */
export function reportError(
  error: unknown,
  options: {
    kind: ErrorReport['kind'];
    environ: Environ;
    isOwn: (file: string) => boolean;
    place?: Place | undefined;
  },
): ErrorReport {
  const { isOwn, place } = options;
  const errors = chainOf(unwrap(error)).map((link) =>
    reportOne(link, isOwn, link.relation === 'thrown' ? place : undefined),
  );
  return { kind: options.kind, errors, environ: options.environ };
}

/** What the command would say in one line has, here, its cause to show. */
function unwrap(error: unknown): unknown {
  return error instanceof CommandError && error.cause !== undefined ? error.cause : error;
}

function reportOne(
  link: ChainLink,
  isOwn: (file: string) => boolean,
  place: Place | undefined,
): ReportedError {
  const { error, relation } = link;
  try {
    if (isError(error)) return { relation, ...takeApart(error, isOwn, place) };
    return { relation, name: 'Thrown value', message: inspectShort(error, 3), details: [], frames: [] };
  } catch {
    // It has getters, or a name, that throw.
    return {
      relation,
      name: 'Thrown value',
      message: 'an error that cannot be read',
      details: [],
      frames: [],
    };
  }
}

function takeApart(
  error: Error,
  isOwn: (file: string) => boolean,
  place: Place | undefined,
): Omit<ReportedError, 'relation'> {
  const compiled = place ?? compilerPlace(error);
  const frames = withoutRepeats(parseStack(String(error.stack ?? ''))).map(({ frame, times }) =>
    reportFrame(frame, originOf(frame, isOwn), times),
  );
  if (compiled !== undefined) frames.unshift(reportFrame({ name: '', place: compiled }, 'application', 1));
  return { name: nameOf(error), message: shorten(String(error.message)), details: detailsOf(error), frames };
}

function withoutRepeats(frames: readonly Frame[]): { frame: Frame; times: number }[] {
  const runs: { frame: Frame; times: number }[] = [];
  for (const frame of frames) {
    const last = runs.at(-1);
    if (last !== undefined && isDeepStrictEqual(last.frame, frame)) last.times++;
    else runs.push({ frame, times: 1 });
  }
  return runs;
}

/** The command's own errors are about what stands on the command line. */
function nameOf(error: Error): string {
  return error instanceof CommandError ? 'Not loaded' : String(error.name);
}

/** V8 gives no place for `native` and `<anonymous>`: built-in functions. */
function originOf({ place }: Frame, isOwn: (file: string) => boolean): FrameOrigin {
  return place === undefined ? 'server' : frameOrigin(place.file, isOwn);
}

function reportFrame(frame: Frame, origin: FrameOrigin, times: number): ReportedFrame {
  const { place } = frame;
  const excerpt = origin === 'application' && place ? readExcerpt(place.file, place.line) : undefined;
  return { ...frame, origin, times, excerpt };
}

function detailsOf(error: Error): [string, string][] {
  const hidden = new Set(['name', 'message', 'stack', 'cause', 'errors', 'exitCode']);
  const names = Object.keys(error).filter((name) => !hidden.has(name));
  return names.map((name) => [name, textOf((error as unknown as Record<string, unknown>)[name])]);
}

/** A value as text, on a line or a few. */
export function textOf(value: unknown): string {
  return typeof value === 'string' ? shorten(value) : inspectShort(value, 0);
}

function inspectShort(value: unknown, depth: number): string {
  return shorten(inspect(value, { depth, breakLength: 100 }));
}

function shorten(text: string): string {
  return text.length <= MAX_TEXT_LENGTH ? text : `${text.slice(0, MAX_TEXT_LENGTH)}…`;
}

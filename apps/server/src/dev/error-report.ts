import type { Environ } from '@highball/gateway-protocol';
import { inspect } from 'node:util';
import { CommandError } from '../errors.ts';
import { type FrameOrigin, frameOrigin } from './frame-origin.ts';
import { type Excerpt, readExcerpt } from './source-excerpt.ts';
import { compilerPlace, type Frame, parseStack, type Place } from './stack-frames.ts';

/** A frame, and what stands there. */
export interface ReportedFrame extends Frame {
  origin: FrameOrigin;
  /** Only for code of the application. */
  excerpt?: Excerpt | undefined;
}

/** What was thrown, taken apart. */
export interface ReportedError {
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

/** Deeper chains are not shown: they may be circles. */
const MAX_ERRORS = 10;
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
  const chain = chainOf(unwrap(error));
  const errors = chain.map((link, i) => reportOne(link, options.isOwn, i === 0 ? options.place : undefined));
  return { kind: options.kind, errors, environ: options.environ };
}

/** What the command would say in one line has, here, its cause to show. */
function unwrap(error: unknown): unknown {
  return error instanceof CommandError && error.cause !== undefined ? error.cause : error;
}

/** An error, then its causes, then what an AggregateError gathered; each once. */
function chainOf(error: unknown): unknown[] {
  const chain = new Set<unknown>();
  const add = (link: unknown): void => {
    if (chain.has(link) || chain.size >= MAX_ERRORS) return;
    chain.add(link);
    if (!(link instanceof Error)) return;
    if (link.cause !== undefined) add(link.cause);
    if (link instanceof AggregateError) for (const inner of link.errors) add(inner);
  };
  add(error);
  return [...chain];
}

function reportOne(
  error: unknown,
  isOwn: (file: string) => boolean,
  place: Place | undefined,
): ReportedError {
  if (!isError(error)) {
    return { name: 'Thrown value', message: shorten(inspect(error, { depth: 3 })), details: [], frames: [] };
  }
  const compiled = place ?? compilerPlace(error);
  const frames = parseStack(String(error.stack ?? '')).map((frame) =>
    withExcerpt(frame, originOf(frame, isOwn)),
  );
  if (compiled !== undefined) frames.unshift(withExcerpt({ name: '', place: compiled }, 'application'));
  return { name: nameOf(error), message: shorten(String(error.message)), details: detailsOf(error), frames };
}

/** Errors of other realms (worker threads, vm) are none by instanceof. */
function isError(error: unknown): error is Error {
  return error instanceof Error || Object.prototype.toString.call(error) === '[object Error]';
}

/** The command's own errors are about what stands on the command line. */
function nameOf(error: Error): string {
  return error instanceof CommandError ? 'Not loaded' : String(error.name);
}

/** V8 gives no place for `native` and `<anonymous>`: built-in functions. */
function originOf({ place }: Frame, isOwn: (file: string) => boolean): FrameOrigin {
  return place === undefined ? 'server' : frameOrigin(place.file, isOwn);
}

function withExcerpt(frame: Frame, origin: FrameOrigin): ReportedFrame {
  const { place } = frame;
  const excerpt = origin === 'application' && place ? readExcerpt(place.file, place.line) : undefined;
  return { ...frame, origin, excerpt };
}

function detailsOf(error: Error): [string, string][] {
  const hidden = new Set(['name', 'message', 'stack', 'cause', 'errors', 'exitCode']);
  const names = Object.keys(error).filter((name) => !hidden.has(name));
  return names.map((name) => [name, textOf((error as unknown as Record<string, unknown>)[name])]);
}

/** A value as text, on a line or a few. */
export function textOf(value: unknown): string {
  return shorten(typeof value === 'string' ? value : inspect(value, { depth: 0, breakLength: 100 }));
}

function shorten(text: string): string {
  return text.length <= MAX_TEXT_LENGTH ? text : `${text.slice(0, MAX_TEXT_LENGTH)}…`;
}

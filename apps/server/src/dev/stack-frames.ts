import { fileURLToPath } from 'node:url';

/** A place in a source file; both count from 1. */
export interface Place {
  file: string;
  line: number;
  /** Undefined where only the line is known. */
  column?: number;
}

/** One call of a stack. */
export interface Frame {
  /** The function's name as V8 gives it; empty for the top of a module and for functions without one. */
  name: string;
  /** An absolute path, or `node:NAME` of Node's own modules; undefined for `native` and `<anonymous>`. */
  place: Place | undefined;
}

/** More are of no use: a recursion without an end. V8 gives 10 unless Error.stackTraceLimit says otherwise. */
const MAX_FRAMES = 50;

/**
 * The frames of a stack as V8 writes it (V8's "Stack trace API", "Stack trace format"). Queries are taken off the
 * files' URLs.
 */
export function parseStack(stack: string): Frame[] {
  const frames: Frame[] = [];
  for (const line of stack.split('\n')) {
    const [, call] = /^ {4}at (?:async )?(.+)$/.exec(line) ?? [];
    if (call === undefined) continue;
    const [, name = '', location = call] = /^(.*?) \((.*)\)$/.exec(call) ?? [];
    frames.push({ name, place: parsePlace(location) });
    if (frames.length === MAX_FRAMES) break;
  }
  return frames;
}

/**
 * The place of an error of a compiler, which is in none of its frames: Node puts it in front of the stack, esbuild
 * (and so tsx) into the message.
 */
export function compilerPlace(error: { stack?: string; message: string }): Place | undefined {
  return esbuildPlace(error.message) ?? jsonPlace(error.message) ?? arrowPlace(error.stack ?? '');
}

/** esbuild counts columns from 0. */
function esbuildPlace(message: string): Place | undefined {
  const [, file, line, column] = /^(\/.+?|[A-Za-z]:\\.+?):(\d+):(\d+): ERROR: /m.exec(message) ?? [];
  return file === undefined ? undefined : { file, line: Number(line), column: Number(column) + 1 };
}

/** Node puts the file before, and V8 the place behind, what is wrong with imported JSON. */
function jsonPlace(message: string): Place | undefined {
  const [, file, line, column] = /^(.+\.json): [^]*\(line (\d+) column (\d+)\)$/.exec(message) ?? [];
  return file === undefined ? undefined : { file, line: Number(line), column: Number(column) };
}

/** `FILE:LINE`, the line itself, and a row of carets below it: as Node shows where a module does not compile. */
export function arrowPlace(text: string): Place | undefined {
  const [head = '', , carets = ''] = text.split('\n');
  const [, location, line] = /^((?:file:\/\/|\/|[A-Za-z]:\\).+):(\d+)$/.exec(head) ?? [];
  if (location === undefined) return undefined;
  const place = { file: toPath(location), line: Number(line) };
  return /^\s*\^+\s*$/.test(carets) ? { ...place, column: carets.indexOf('^') + 1 } : place;
}

function parsePlace(location: string): Place | undefined {
  const [, file, line, column] = /^(.+?):(\d+):(\d+)$/.exec(location) ?? [];
  if (file === undefined || file === '<anonymous>') return undefined;
  return { file: toPath(file), line: Number(line), column: Number(column) };
}

function toPath(location: string): string {
  if (!location.startsWith('file:')) return location.replace(/\?(?:highball|namespace)=.*$/, '');
  try {
    return fileURLToPath(location);
  } catch {
    return location;
  }
}

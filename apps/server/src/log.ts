import { DeferredLog, type Logger, loadPino, loadPinoLater } from './deferred-log.ts';
import { LogLines, type LogTarget } from './log-lines.ts';
import { standardError } from './log-file.ts';

export type { Logger } from './deferred-log.ts';

/** The log's levels, from talkative to silent. */
export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** `text` for people, one JSON object a line for machines. */
export const LOG_FORMATS = ['text', 'json'] as const;
export type LogFormat = (typeof LOG_FORMATS)[number];

/** Options of {@link createLog}. */
export interface LogOptions {
  level: LogLevel;
  format: LogFormat;
  /** Which process of the server speaks. */
  process: string;
  /** Where lines go. @default standard error */
  target?: LogTarget;
}

/** pino's. */
const WARN = 40;

/** The error log: one line an event. It waits for nobody: what cannot be written is lost, and its number told. */
export function createLog({ level, format, process: name, target = standardError() }: LogOptions): Logger {
  const base = { pid: process.pid, process: name };
  // What pino writes is JSON: text is made of that.
  const formatted = (line: string): string =>
    format === 'json' ? line : textOf(JSON.parse(line) as Record<string, unknown>);
  const lines = new LogLines(target, {
    describeLoss(lost) {
      const msg = `${lost} lines of this log are lost: they could not be written`;
      return formatted(`${JSON.stringify({ level: WARN, time: Date.now(), ...base, msg })}\n`);
    },
  });
  loadPinoLater();
  const stream = { write: (line: string) => lines.write(formatted(line)) };
  return new DeferredLog(level, () => loadPino()({ level, base }, stream));
}

function textOf(fields: Record<string, unknown>): string {
  const { time, pid, level, process: who, msg, err, ...details } = fields;
  const when = new Date(time as number).toISOString().replace('T', ' ').replace('Z', '');
  const name = loadPino().levels.labels[level as number]?.toUpperCase() ?? '?';
  const head = `[${when}] [${String(pid)}] [${name}] ${String(who)}: ${String(msg ?? '')}`;
  return `${head}${detailsText(details)}${stackText(err)}\n`;
}

function detailsText(details: Record<string, unknown>): string {
  const pairs = Object.entries(details).map(([key, value]) => `${key}=${printable(value)}`);
  return pairs.length === 0 ? '' : ` (${pairs.join(', ')})`;
}

function stackText(error: unknown): string {
  if (typeof error !== 'object' || error === null) return '';
  const { stack, message } = error as { stack?: string; message?: string };
  return `\n${escapeControls(stack ?? message ?? '', true)}`;
}

function printable(value: unknown): string {
  return escapeControls(typeof value === 'string' ? value : JSON.stringify(value));
}

/** What a client sent must not be able to write lines, or terminal sequences, of its own into the log. */
function escapeControls(text: string, keepLines = false): string {
  return text.replaceAll(/\p{Cc}/gu, (character) =>
    keepLines && (character === '\n' || character === '\t')
      ? character
      : `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`,
  );
}

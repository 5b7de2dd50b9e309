import type { ResponseRecord } from '@highball/async-worker';
import { printable, type Terminal, timeOfDay } from './terminal.ts';

/** One line of a request that was answered: when, method, path, status, how long it took, how much it was. */
export function requestLine(record: ResponseRecord, terminal: Terminal, time: string = timeOfDay()): string {
  const { environ, durationMs, bodyBytes, complete } = record;
  const path = printable(environ.RAW_URI ?? environ.PATH_INFO);
  const parts = [
    terminal.style('dim', time),
    environ.REQUEST_METHOD.padEnd(4),
    path,
    statusText(record, terminal),
    terminal.style(
      'dim',
      `${durationText(durationMs)} ${sizeText(bodyBytes)}${complete ? '' : ' (not complete)'}`,
    ),
  ];
  return parts.join(' ');
}

function statusText({ status }: ResponseRecord, terminal: Terminal): string {
  const code = status.slice(0, 3);
  if (code === '') return terminal.style('dim', '---');
  return terminal.style(COLOURS[code[0] ?? ''] ?? 'red', code);
}

/** By the class of the status (RFC 9110 §15). */
const COLOURS: Readonly<Record<string, 'green' | 'cyan' | 'yellow' | 'red'>> = {
  2: 'green',
  3: 'cyan',
  4: 'yellow',
  5: 'red',
};

function durationText(ms: number): string {
  if (ms < 10) return `${ms.toFixed(1)} ms`;
  return ms < 10_000 ? `${ms.toFixed(0)} ms` : `${(ms / 1000).toFixed(1)} s`;
}

/** In powers of ten, as SI has them. */
function sizeText(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  return bytes < 1_000_000 ? `${(bytes / 1000).toFixed(1)} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`;
}

import { PassThrough } from 'node:stream';
import type { ResponseRecord } from '@highball/async-worker';
import { describe, expect, test } from 'vitest';
import { requestLine } from '../src/dev/request-line.ts';
import { Terminal } from '../src/dev/terminal.ts';
import { environOf } from './support.ts';

const plain = new Terminal(new PassThrough());

function line(record: Partial<ResponseRecord>, target = '/'): string {
  const whole = {
    environ: environOf(`GET ${target}`),
    status: '200 OK',
    headers: [],
    bodyBytes: 5,
    durationMs: 1.26,
    complete: true,
  };
  return requestLine({ ...whole, ...record }, plain, '12:00:00');
}

describe('requestLine', () => {
  test('has method, path, status, time and size', () => {
    expect(line({}, '/a?b')).toBe('12:00:00 GET  /a?b 200 1.3 ms 5 B');
  });

  test('says large times and sizes in their units', () => {
    expect(line({ durationMs: 125.4, bodyBytes: 12_345 })).toMatch(/ 125 ms 12\.3 kB$/);
    expect(line({ durationMs: 12_345, bodyBytes: 12_345_678 })).toMatch(/ 12\.3 s 12\.3 MB$/);
  });

  test('tells an answer that is not whole, or was never begun', () => {
    expect(line({ status: '', bodyBytes: 0, complete: false })).toMatch(/ --- 1\.3 ms 0 B \(not complete\)$/);
  });

  test('keeps control characters, and those that turn text around, from the terminal', () => {
    const environ = environOf('GET /', { RAW_URI: '/\u001b[2J\r\n\u009b1m\u202e' });
    expect(line({ environ })).toContain(String.raw`/\x1b[2J\x0d\x0a\x9b1m\x202e 200`);
  });
});

import { createRequire } from 'node:module';
import { expect, test, vi } from 'vitest';
import { createLog } from '../src/log.ts';

/** A log, and the lines that it has written. */
function logged(level: 'debug' | 'info' | 'silent', format: 'text' | 'json' = 'text') {
  const lines: string[] = [];
  const log = createLog({
    level,
    format,
    process: 'test',
    target: { writeSome: (bytes) => (lines.push(Buffer.from(bytes).toString()), bytes.length) },
  });
  return { log, lines };
}

const { cache } = createRequire(import.meta.url);
const pinoIsLoaded = (): boolean => Object.keys(cache).some((path) => path.endsWith('/pino/pino.js'));

// Before all others: what is loaded stays so.
test('pino is loaded when the start is over, if no line has needed it', () => {
  vi.useFakeTimers();
  logged('info').log.debug('nobody hears it');
  expect(pinoIsLoaded()).toBe(false);
  vi.advanceTimersByTime(1000);
  expect(pinoIsLoaded()).toBe(true);
  vi.useRealTimers();
});

test('a line has its time, process, level, message and details', () => {
  const { log, lines } = logged('info');
  log.warn({ id: 7 }, 'a worker is late');
  log.error('it has no details');
  expect(lines).toEqual([
    expect.stringMatching(/^\[\d{4}-\d\d-\d\d [\d:.]+\] \[\d+\] \[WARN\] test: a worker is late \(id=7\)\n$/),
    expect.stringMatching(/\[ERROR\] test: it has no details\n$/),
  ]);
});

test('JSON lines are those of pino', () => {
  const { log, lines } = logged('info', 'json');
  log.info({ id: 7 }, 'hello');
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({
    level: 30,
    pid: process.pid,
    process: 'test',
    id: 7,
    msg: 'hello',
  });
});

test.each([
  ['debug', ['debug', 'info', 'error']],
  ['info', ['info', 'error']],
  ['silent', []],
] as const)('at the level %s it writes %j', (level, written) => {
  const { log, lines } = logged(level);
  for (const each of ['trace', 'debug', 'info', 'error'] as const) log[each](each);
  expect(lines.map((line) => /: (\w+)\n$/.exec(line)?.[1])).toEqual(written);
});

test('another level counts before the first line and after it, for this log alone', () => {
  const { log, lines } = logged('silent');
  const child = log.child({ process: 'child' });
  child.level = 'debug';
  child.debug('one');
  log.error('nobody hears it');
  child.level = 'info';
  child.debug('nobody hears it');
  log.level = 'info';
  log.info('two');
  expect(lines.map((line) => line.replace(/^.*?\] (?=\w+:)/, ''))).toEqual(['child: one\n', 'test: two\n']);
});

test('an error is written with its stack, and nobody forges lines', () => {
  const { log, lines } = logged('info');
  log.error({ err: new Error('broken'), path: '/a\nb' }, 'a request');
  expect(lines[0]).toMatch(/test: a request \(path=\/a\\x0ab\)\nError: broken\n {4}at /);
});

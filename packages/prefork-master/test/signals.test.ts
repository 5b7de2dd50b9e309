import { EventEmitter } from 'node:events';
import { expect, test } from 'vitest';
import { handleSignals } from '../src/signals.ts';
import { settle } from './support.ts';

function harness(size = 2) {
  const calls: string[] = [];
  const master = {
    stop: async ({ graceful }: { graceful: boolean }) => void calls.push(`stop ${graceful}`),
    reload: async () => void calls.push('reload'),
    scale: async (workers: number) => void calls.push(`scale ${workers}`),
    reopenLogs: () => void calls.push('reopenLogs'),
    upgrade: async () => void calls.push('upgrade'),
    retire: async () => void calls.push('retire'),
    status: () => ({ size }),
  };
  return { calls, master, source: new EventEmitter() };
}

test.each([
  ['SIGTERM', 'stop true'],
  ['SIGINT', 'stop false'],
  ['SIGQUIT', 'stop false'],
  ['SIGHUP', 'reload'],
  ['SIGUSR1', 'reopenLogs'],
  ['SIGUSR2', 'upgrade'],
  ['SIGWINCH', 'retire'],
  ['SIGTTIN', 'scale 3'],
  ['SIGTTOU', 'scale 1'],
])('%s: %s', (signal, call) => {
  const { calls, master, source } = harness();
  handleSignals(master, {}, source, () => false);
  source.emit(signal);
  expect(calls).toEqual([call]);
});

test('WINCH says in a terminal that its window has another size, and nothing else', () => {
  const { calls, master, source } = harness();
  handleSignals(master, {}, source, () => true);
  source.emit('SIGWINCH');
  expect(calls).toEqual([]);
});

test('TTOU keeps one worker at least', () => {
  const { calls, master, source } = harness(1);
  handleSignals(master, {}, source);
  source.emit('SIGTTOU');
  expect(calls).toEqual(['scale 1']);
});

test('own handlers take the place of those of the table, or are added', () => {
  const { calls, master, source } = harness();
  handleSignals(
    master,
    { SIGHUP: () => void calls.push('mine'), SIGPIPE: () => void calls.push('more') },
    source,
  );
  source.emit('SIGHUP');
  source.emit('SIGPIPE');
  source.emit('SIGTERM');
  expect(calls).toEqual(['mine', 'more', 'stop true']);
});

test('a reload that fails harms nobody', async () => {
  const { master, source } = harness();
  handleSignals({ ...master, reload: () => Promise.reject(new Error('broken')) }, {}, source);
  source.emit('SIGHUP');
  // An unhandled rejection would fail the run.
  await settle();
  expect(source.listenerCount('SIGHUP')).toBe(1);
});

test('the mapping can be undone', () => {
  const { calls, master, source } = harness();
  const undo = handleSignals(master, {}, source);
  undo();
  source.emit('SIGTERM');
  expect(calls).toEqual([]);
  expect(source.eventNames()).toEqual([]);
});

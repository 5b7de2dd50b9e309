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
  ['SIGTTIN', 'scale 3'],
  ['SIGTTOU', 'scale 1'],
])('%s: %s', (signal, call) => {
  const { calls, master, source } = harness();
  handleSignals(master, {}, source);
  source.emit(signal);
  expect(calls).toEqual([call]);
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
    { SIGHUP: () => void calls.push('mine'), SIGUSR2: () => void calls.push('upgrade') },
    source,
  );
  source.emit('SIGHUP');
  source.emit('SIGUSR2');
  source.emit('SIGTERM');
  expect(calls).toEqual(['mine', 'upgrade', 'stop true']);
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

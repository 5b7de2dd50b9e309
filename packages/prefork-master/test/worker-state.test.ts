import { expect, test } from 'vitest';
import { nextState, type WorkerEvent, type WorkerState } from '../src/worker-state.ts';

test.each<[WorkerState, WorkerEvent, WorkerState]>([
  ['booting', 'ready', 'ready'],
  ['booting', 'kill', 'killed'],
  ['ready', 'abort', 'aborting'],
  ['ready', 'stop', 'stopping'],
  ['ready', 'retire', 'retired'],
  ['retired', 'ready', 'retired'],
  ['retired', 'abort', 'aborting'],
  ['retired', 'stop', 'stopping'],
  ['aborting', 'kill', 'killed'],
  ['stopping', 'kill', 'killed'],
  ['killed', 'exit', 'gone'],
])('%s, %s: %s', (state, event, next) => {
  expect(nextState(state, event)).toBe(next);
});

test.each<WorkerState>(['booting', 'ready', 'retired', 'stopping', 'aborting', 'killed'])(
  'one that is %s may exit',
  (state) => {
    expect(nextState(state, 'exit')).toBe('gone');
  },
);

test.each<WorkerState>(['stopping', 'aborting', 'killed'])('ready comes too late when %s', (state) => {
  expect(nextState(state, 'ready')).toBe(state);
});

test('what the table does not have throws', () => {
  expect(() => nextState('gone', 'ready')).toThrow('a worker that is gone cannot ready');
  expect(() => nextState('ready', 'kill')).toThrow('a worker that is ready cannot kill');
});

import { expect, test } from 'vitest';
import { LogLines } from '../src/log-lines.ts';

/** Lines to a target that takes as many bytes as the test says, and timers that it lets run. */
function harness() {
  const state = { room: Number.POSITIVE_INFINITY, text: '' };
  const timers: (() => void)[] = [];
  const lines = new LogLines(
    {
      writeSome(bytes) {
        if (state.room === 0) throw Object.assign(new Error('full'), { code: 'EAGAIN' });
        const length = Math.min(bytes.length, state.room);
        state.room -= length;
        state.text += Buffer.from(bytes.subarray(0, length)).toString();
        return length;
      },
    },
    { describeLoss: (lost) => `lost ${lost}\n`, after: (_, callback) => void timers.push(callback) },
  );
  return { state, lines, timers };
}

test('where there is no room, lines are counted, and told before the next one', () => {
  const { state, lines } = harness();
  lines.write('one\n');
  state.room = 0;
  lines.write('two\n');
  lines.write('three\n');
  state.room = 100;
  lines.write('four\n');
  lines.write('five\n');
  expect(state.text).toBe('one\nlost 2\nfour\nfive\n');
});

test('a line that was begun is ended before another comes', () => {
  const { state, lines } = harness();
  state.room = 2;
  lines.write('one\n');
  lines.write('two\n');
  state.room = 100;
  lines.write('three\n');
  expect(state.text).toBe('one\nlost 1\nthree\n');
});

test('a loss is told when there is room, also if nothing else comes; one timer at a time', () => {
  const { state, lines, timers } = harness();
  state.room = 0;
  lines.write('one\n');
  lines.write('two\n');
  expect(timers).toHaveLength(1);
  timers[0]?.();
  expect(timers).toHaveLength(2);
  state.room = 100;
  timers[1]?.();
  expect(state.text).toBe('lost 2\n');
  expect(timers).toHaveLength(2);
});

test('room for a part of what is told loses no line in between, and counts each once', () => {
  const { state, lines } = harness();
  state.room = 0;
  lines.write('one\n');
  state.room = 3;
  lines.write('two\n');
  state.room = 100;
  lines.write('three\n');
  expect(state.text).toBe('lost 1\nlost 1\nthree\n');
});

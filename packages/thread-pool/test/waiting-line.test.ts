import { expect, test } from 'vitest';
import { WaitingLine, type Waiter } from '../src/waiting-line.ts';
import { TestClock } from './support.ts';

function setUp(maxQueue = 3): {
  line: WaitingLine;
  clock: TestClock;
  said: string[];
  waiter: (name: string) => Waiter;
} {
  const clock = new TestClock();
  const said: string[] = [];
  const line = new WaitingLine({ maxQueue, queueTimeoutMs: 100, clock });
  const waiter = (name: string): Waiter => ({
    admit: () => said.push(`${name} in`),
    dismiss: (why) => said.push(`${name} ${why}`),
  });
  return { line, clock, said, waiter };
}

test('admits in the order of coming', () => {
  const { line, said, waiter } = setUp();
  for (const name of ['a', 'b']) line.join(waiter(name));
  line.admitNext();
  line.admitNext();
  line.admitNext();
  expect(said).toEqual(['a in', 'b in']);
});

test('takes no more than its length', () => {
  const { line, said, waiter } = setUp(1);
  expect(line.join(waiter('a'))).toBe(true);
  expect(line.full).toBe(true);
  expect(line.join(waiter('b'))).toBe(false);
  expect(said).toEqual([]);
});

test('dismisses each at its own time', () => {
  const { line, clock, said, waiter } = setUp();
  line.join(waiter('a'));
  clock.advance(60);
  line.join(waiter('b'));
  clock.advance(39);
  expect(said).toEqual([]);
  clock.advance(1);
  expect(said).toEqual(['a late']);
  clock.advance(60);
  expect(said).toEqual(['a late', 'b late']);
  expect(clock.pending).toBe(0);
});

test('keeps the time of those behind one who was admitted', () => {
  const { line, clock, said, waiter } = setUp();
  line.join(waiter('a'));
  clock.advance(50);
  line.join(waiter('b'));
  line.admitNext();
  clock.advance(50);
  expect(said).toEqual(['a in']);
  clock.advance(50);
  expect(said).toEqual(['a in', 'b late']);
});

test('gives a place free when its owner leaves, and is not heard of again', () => {
  const { line, clock, said, waiter } = setUp(1);
  const controller = new AbortController();
  line.join(waiter('a'), controller.signal);
  controller.abort();
  expect(said).toEqual(['a left']);
  expect(line.join(waiter('b'))).toBe(true);
  line.admitNext();
  expect(said).toEqual(['a left', 'b in']);
  expect(clock.pending).toBe(0);
});

test('does not admit who has left before', () => {
  const { line, said, waiter } = setUp();
  line.join(waiter('a'), AbortSignal.abort());
  expect(said).toEqual(['a left']);
  expect(line.size).toBe(0);
});

test('leaves no listener on the signal of one who was admitted', () => {
  const { line, said, waiter } = setUp();
  const controller = new AbortController();
  line.join(waiter('a'), controller.signal);
  line.admitNext();
  controller.abort();
  expect(said).toEqual(['a in']);
});

test('sends all away when it is closed', () => {
  const { line, clock, said, waiter } = setUp();
  for (const name of ['a', 'b']) line.join(waiter(name));
  line.close();
  expect(said).toEqual(['a closed', 'b closed']);
  expect(clock.pending).toBe(0);
});

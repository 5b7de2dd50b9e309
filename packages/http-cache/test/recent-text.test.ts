import { expect, test } from 'vitest';
import { RecentText } from '../src/recent-text.ts';

test('a text is given back for what it was made of, and for nothing else that has its place', () => {
  const recent = new RecentText();
  const [one, other] = [{}, {}];
  for (let i = 0; i < 5000; i++) {
    // Several of these share a place with one another.
    const [host, path] = [`host-${i % 7}`, `/${i % 1500}`];
    const known = recent.get(one, host, path);
    expect(known ?? host + path).toBe(host + path);
    expect(recent.get(other, host, path)).toBeUndefined();
    recent.set(one, host, path, host + path);
    expect(recent.get(one, host, path)).toBe(host + path);
    expect(recent.get(one, path, host)).toBeUndefined();
  }
  expect(recent.get(one, '', '')).toBeUndefined();
});

test('a long one is not kept', () => {
  const recent = new RecentText();
  const rules = {};
  recent.set(rules, 'host', 'x'.repeat(2000), 'made');
  expect(recent.get(rules, 'host', 'x'.repeat(2000))).toBeUndefined();
});

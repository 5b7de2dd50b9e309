import { describe, expect, test } from 'vitest';
import type { Clock } from '../src/dev/clock.ts';
import { FileWatcher } from '../src/dev/file-watcher.ts';

/** Time that passes when it is told to. */
class TestClock implements Clock {
  #now = 0;
  #timers: { at: number; period?: number; call: () => void }[] = [];

  now(): number {
    return this.#now;
  }

  after(ms: number, call: () => void): () => void {
    return this.#add({ at: this.#now + ms, call });
  }

  every(ms: number, call: () => void): () => void {
    return this.#add({ at: this.#now + ms, period: ms, call });
  }

  pass(ms: number): void {
    const end = this.#now + ms;
    for (;;) {
      const [next] = this.#timers.filter(({ at }) => at <= end).toSorted((a, b) => a.at - b.at);
      if (next === undefined) break;
      this.#now = next.at;
      if (next.period === undefined) this.#timers.splice(this.#timers.indexOf(next), 1);
      else next.at += next.period;
      next.call();
    }
    this.#now = end;
  }

  #add(timer: { at: number; period?: number; call: () => void }): () => void {
    this.#timers.push(timer);
    return () => void (this.#timers = this.#timers.filter((other) => other !== timer));
  }
}

function setUp(files: Record<string, string | undefined>, withEvents = true) {
  const clock = new TestClock();
  const reports: string[][] = [];
  const folders = new Map<string, () => void>();
  const watcher = new FileWatcher((paths) => reports.push(paths), clock, {
    mark: (path) => files[path],
    watchFolder(path, onHint) {
      if (!withEvents) return undefined;
      folders.set(path, onHint);
      return { close: () => void folders.delete(path) };
    },
  });
  for (const path of Object.keys(files)) watcher.add(path);
  const touch = (path: string, mark: string | undefined): void => {
    files[path] = mark;
    folders.get(path.slice(0, path.lastIndexOf('/')))?.();
  };
  return { clock, reports, folders, watcher, touch };
}

describe('FileWatcher', () => {
  test('reports a change once it has been quiet for 30 ms', () => {
    const { clock, reports, touch } = setUp({ '/a/x': '1', '/a/y': '1' });
    touch('/a/x', '2');
    clock.pass(29);
    expect(reports).toEqual([]);
    clock.pass(1);
    expect(reports).toEqual([['/a/x']]);
    clock.pass(5000);
    expect(reports).toHaveLength(1);
  });

  test('reports a burst together', () => {
    const { clock, reports, touch } = setUp({ '/a/x': '1', '/a/y': '1' });
    touch('/a/x', '2');
    clock.pass(20);
    touch('/a/y', '2');
    clock.pass(20);
    touch('/a/x', '3');
    clock.pass(30);
    expect(reports).toEqual([['/a/x', '/a/y']]);
  });

  test('waits no longer than 500 ms for quiet', () => {
    const { clock, reports, touch } = setUp({ '/a/x': '0' });
    for (let i = 1; i <= 25; i++) {
      touch('/a/x', String(i));
      clock.pass(20);
    }
    expect(reports).toHaveLength(1);
  });

  test('reports deletion and return, and nothing when an event has changed nothing', () => {
    const { clock, reports, touch } = setUp({ '/a/x': '1' });
    touch('/a/x', '1');
    clock.pass(100);
    expect(reports).toEqual([]);
    touch('/a/x', undefined);
    clock.pass(100);
    touch('/a/x', '1');
    clock.pass(100);
    expect(reports).toEqual([['/a/x'], ['/a/x']]);
  });

  test('waits for a file that is not there yet', () => {
    const { clock, reports, touch } = setUp({ '/a/new': undefined });
    touch('/a/new', '1');
    clock.pass(30);
    expect(reports).toEqual([['/a/new']]);
  });

  test('finds within a second what gives no events', () => {
    const { clock, reports, touch } = setUp({ '/a/x': '1' }, false);
    touch('/a/x', '2');
    clock.pass(1030);
    expect(reports).toEqual([['/a/x']]);
  });

  test('forgets files, and the folders that only they needed', () => {
    const { clock, reports, folders, watcher, touch } = setUp({ '/a/x': '1', '/b/y': '1' });
    watcher.retain(new Set(['/a/x']));
    expect([...folders.keys()]).toEqual(['/a']);
    touch('/b/y', '2');
    clock.pass(2000);
    expect(reports).toEqual([]);
    expect(watcher.size).toBe(1);
  });

  test('watches no more than 512 folders; the sweep has the rest', () => {
    const files = Object.fromEntries(Array.from({ length: 600 }, (_, i) => [`/d${i}/x`, '1']));
    const { clock, reports, folders, touch } = setUp(files);
    expect(folders.size).toBe(512);
    touch('/d599/x', '2');
    clock.pass(1030);
    expect(reports).toEqual([['/d599/x']]);
  });

  test('is silent once it is closed', () => {
    const { clock, reports, folders, watcher, touch } = setUp({ '/a/x': '1' });
    touch('/a/x', '2');
    watcher.close();
    clock.pass(5000);
    expect(reports).toEqual([]);
    expect(folders.size).toBe(0);
  });
});

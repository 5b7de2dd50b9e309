import { describe, expect, test } from 'vitest';
import { resolveOptions } from '../src/options.ts';

const thread = { module: 'file:///app.js' };

describe('options', () => {
  test('have defaults', () => {
    expect(resolveOptions({ thread })).toMatchObject({
      concurrency: 1,
      maxQueue: 1000,
      queueTimeoutMs: 30_000,
      retryAfterSeconds: 1,
      timeoutMs: 30_000,
      bootTimeoutMs: 60_000,
      windowBytes: 262_144,
      worker: {},
    });
    expect(resolveOptions({ thread }).threads).toBeGreaterThan(0);
  });

  test.each([
    { threads: 0 },
    { threads: 1.5 },
    { concurrency: 0 },
    { maxQueue: -1 },
    { queueTimeoutMs: -1 },
    { timeoutMs: Number.NaN },
    { bootTimeoutMs: 2 ** 31 },
    { windowBytes: 1024 },
    { retryAfterSeconds: -1 },
  ])('%j make no sense', (options) => {
    const [name = ''] = Object.keys(options);
    expect(() => resolveOptions({ thread, ...options })).toThrow(
      expect.objectContaining({ code: 'BAD_OPTION', message: expect.stringContaining(name) }),
    );
  });

  test('without anything to run make no sense', () => {
    expect(() => resolveOptions({} as never)).toThrow(expect.objectContaining({ code: 'BAD_OPTION' }));
  });

  test('of 0 for a delay mean that there is none', () => {
    expect(resolveOptions({ thread, timeoutMs: 0 }).timeoutMs).toBe(Number.POSITIVE_INFINITY);
  });

  test('name a module, or a script with its data', () => {
    const { program } = resolveOptions({ thread: { module: new URL('file:///a.js'), export: 'app' } });
    expect(program.data).toEqual({ module: 'file:///a.js', name: 'app' });
    expect(String(program.script)).toMatch(/src\/module-thread\.ts$/);
    expect(resolveOptions({ thread: { script: '/a.js', data: 1 } }).program).toEqual({
      script: '/a.js',
      data: 1,
    });
  });
});

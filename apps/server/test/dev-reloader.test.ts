import type { Application } from '@highball/gateway-protocol';
import { describe, expect, test } from 'vitest';
import { LoadTimeoutError, Reloader, type Version, type VersionBirth } from '../src/dev/reloader.ts';

/** A reloader whose loads end when the test says so. */
function setUp() {
  const loads: { birth: VersionBirth; done(app: Application): void; fail(error: unknown): void }[] = [];
  const versions: Version[] = [];
  const failures: unknown[] = [];
  const timeouts: (() => void)[] = [];
  const reloader = new Reloader({
    load: (birth) => new Promise((done, fail) => loads.push({ birth, done, fail })),
    failed: (error) => {
      failures.push(error);
      return () => [];
    },
    onVersion: (version) => versions.push(version),
    clock: {
      now: () => 0,
      every: () => () => undefined,
      after: (_, call) => {
        timeouts.push(call);
        return () => undefined;
      },
    },
  });
  return { reloader, loads, versions, failures, timeouts };
}

const app: Application = () => [];

describe('Reloader', () => {
  test('lets requests wait while a version is loaded', async () => {
    const { reloader, loads } = setUp();
    const reloaded = reloader.reload();
    const waiting = reloader.current;
    expect(waiting).toBeInstanceOf(Promise);
    loads[0]?.done(app);
    await reloaded;
    expect((await waiting).app).toBe(app);
    expect(reloader.current).toMatchObject({ generation: 1, app, loaded: true });
  });

  test('tells a version that it is replaced, as soon as the next begins', async () => {
    const { reloader, loads } = setUp();
    void reloader.reload();
    const signal = loads[0]?.birth.signal;
    expect(signal?.aborted).toBe(false);
    void reloader.reload();
    expect(signal?.aborted).toBe(true);
    expect(loads[1]?.birth.signal.aborted).toBe(false);
    reloader.close();
    expect(loads[1]?.birth.signal.aborted).toBe(true);
  });

  test('gives the newest version, whichever is ready first; what an older one says is not heard', async () => {
    const { reloader, loads, versions, failures } = setUp();
    const older = reloader.reload();
    const newer = reloader.reload();
    loads[1]?.done(app);
    await newer;
    loads[0]?.fail(new Error('too late'));
    await older;
    expect(versions.map(({ generation }) => generation)).toEqual([2]);
    expect(failures).toEqual([]);
  });

  test('answers for a version that does not load', async () => {
    const { reloader, loads, failures } = setUp();
    const reloaded = reloader.reload();
    loads[0]?.fail('broken');
    await reloaded;
    expect(failures).toEqual(['broken']);
    expect(reloader.current).toMatchObject({ generation: 1, loaded: false });
  });

  test('waits for a version no longer than its time', async () => {
    const { reloader, failures, timeouts } = setUp();
    const reloaded = reloader.reload();
    timeouts[0]?.();
    await reloaded;
    expect(failures[0]).toBeInstanceOf(LoadTimeoutError);
    expect((failures[0] as Error).message).toContain('within 30 s');
  });

  test('takes a version that comes after its time, and pages can tell', async () => {
    const { reloader, loads, timeouts, versions } = setUp();
    const reloaded = reloader.reload();
    timeouts[0]?.();
    await reloaded;
    loads[0]?.done(app);
    await new Promise((resolve) => setImmediate(resolve));
    expect(reloader.current).toMatchObject({ app, loaded: true });
    expect(versions.map(({ loaded }) => loaded)).toEqual([false, true]);
    expect(new Set(versions.map(({ id }) => id)).size).toBe(2);
  });

  test('gives each version an id of its own', async () => {
    const { reloader, loads } = setUp();
    void reloader.reload();
    void reloader.reload();
    expect(new Set(loads.map(({ birth }) => birth.id)).size).toBe(2);
  });
});

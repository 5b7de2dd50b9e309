import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder } from '@highball/testkit';
import { describe, expect, test } from 'vitest';
import type { Launch } from '../src/launch.ts';
import { poolOptions, workerProgram } from '../src/pool-options.ts';
import { parseRawEnv } from '../src/raw-env.ts';
import { resolveSettings } from '../src/resolve-settings.ts';

const front = { kind: 'front' as const, addresses: {}, drained: {} };
const upstream = { kind: 'upstream' as const, app: 'blog/app.mjs', pool: 'blog', upstream: 'x' };

const launchIn = (folder: string, file?: string): Launch => ({
  config: { routes: [{ app: 'site/app.mjs' }, { static: 'public' }] },
  origins: [],
  source: { kind: 'inline', config: { routes: [] }, folder, ...(file && { file }) },
  startedIn: folder,
  check: () => Promise.resolve(),
  reread: () => Promise.reject(new Error('not here')),
});

const resolved = (flags: Record<string, unknown>) => resolveSettings({ flags, env: {}, config: {} });

describe('the master of a pool', () => {
  test('has the limits of the settings, in milliseconds', () => {
    const settings = resolved({
      timeout: '3',
      gracefulTimeout: '4',
      retireTimeout: '7',
      bootTimeout: '5',
      backlog: '6',
      procName: 'shop',
    });
    expect(poolOptions(settings, front, launchIn('/'))).toEqual({
      name: 'shop',
      backlog: 6,
      sharing: 'inherited',
      timeoutMs: 3000,
      gracefulTimeoutMs: 4000,
      retireTimeoutMs: 7000,
      bootTimeoutMs: 5000,
    });
  });

  test('replaces workers by age and by memory, and not all at once', () => {
    const settings = resolved({ workerLifetime: '60', maxWorkerMemory: '1M', reusePort: true });
    expect(poolOptions(settings, front, launchIn('/'))).toMatchObject({
      maxLifetimeMs: 60_000,
      lifetimeJitterMs: 6000,
      maxMemoryBytes: 1_048_576,
      sharing: 'reuseport',
    });
  });

  test('scales the front, and not what is behind it', () => {
    const settings = resolved({ workersMin: '2', workersMax: '4' });
    expect(poolOptions(settings, front, launchIn('/')).autoscale).toEqual({ min: 2, max: 4 });
    expect(poolOptions(settings, upstream, launchIn('/')).autoscale).toBeUndefined();
  });

  test('watches the folders of its applications, the configuration and what was named', async () => {
    await using folder = await temporaryFolder();
    for (const name of ['site', 'blog']) {
      await mkdir(join(folder.path, name));
      await writeFile(join(folder.path, name, 'app.mjs'), '');
    }
    const settings = resolved({ reload: true, reloadExtraFiles: ['/etc/hosts'] });
    const launch = launchIn(folder.path, join(folder.path, 'my.config.ts'));
    const others = [join(folder.path, 'my.config.ts'), '/etc/hosts'];
    expect(poolOptions(settings, front, launch).watch).toEqual([join(folder.path, 'site'), ...others]);
    expect(poolOptions(settings, upstream, launch).watch).toEqual([join(folder.path, 'blog'), ...others]);
    expect(poolOptions(resolved({}), front, launch).watch).toBeUndefined();
  });
});

test('a worker has the environment of the settings, values with = and all', () => {
  const settings = resolved({ rawEnv: ['A=b=c', 'EMPTY='] });
  const plan = { source: launchIn('/').source, role: front, settings };
  expect(workerProgram(plan)).toMatchObject({ env: { A: 'b=c', EMPTY: '' }, data: plan });
  expect(parseRawEnv([])).toEqual({});
});

test('autoscaling needs both bounds, in their order; jitter needs a limit', () => {
  expect(() => resolved({ workersMin: '2' })).toThrow('give --workers-min and --workers-max');
  expect(() => resolved({ workersMin: '4', workersMax: '2' })).toThrow(
    '--workers-min 4 exceeds --workers-max 2',
  );
  expect(() => resolved({ maxRequestsJitter: '2' })).toThrow('does nothing without --max-requests');
});

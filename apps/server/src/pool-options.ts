import type { MasterOptions, ScriptProgram } from '@highball/prefork-master';
import { dirname, resolve } from 'node:path';
import type { Launch } from './launch.ts';
import { locateApplication } from './locate-application.ts';
import type { PlanRole, WorkerPlan } from './plan.ts';
import { parseRawEnv } from './raw-env.ts';
import type { Settings } from './settings.ts';
import { workerFlags } from './worker-flags.ts';

/** Up to a tenth of a lifetime is added at random: workers that were started together do not end together. */
const LIFETIME_JITTER = 0.1;

/** What the settings say about the master of a pool. */
export function poolOptions(
  settings: Settings,
  role: PlanRole,
  launch: Launch,
): Omit<MasterOptions, 'listen' | 'worker' | 'workers'> {
  const { workersMin: min, workersMax: max, workerLifetime, maxWorkerMemory, reload } = settings;
  // Only the front has clients of its own; what is behind it has the number of workers that its upstream names.
  const scales = role.kind === 'front' && max > 0;
  return {
    name: settings.procName,
    backlog: settings.backlog,
    // Of a Unix socket there is only one.
    sharing: settings.reusePort && role.kind === 'front' ? 'reuseport' : 'inherited',
    timeoutMs: settings.timeout * 1000,
    gracefulTimeoutMs: settings.gracefulTimeout * 1000,
    retireTimeoutMs: settings.retireTimeout * 1000,
    bootTimeoutMs: settings.bootTimeout * 1000,
    ...(workerLifetime > 0 && {
      maxLifetimeMs: workerLifetime * 1000,
      lifetimeJitterMs: workerLifetime * 1000 * LIFETIME_JITTER,
    }),
    ...(maxWorkerMemory > 0 && { maxMemoryBytes: maxWorkerMemory }),
    ...(scales && { autoscale: { min, max } }),
    ...(reload && role.kind !== 'keeper' && { watch: watchedPaths(settings, role, launch) }),
  };
}

/** What a worker is started from. */
export function workerProgram(plan: WorkerPlan): ScriptProgram {
  return {
    script: new URL('../bin/worker.js', import.meta.url),
    ...workerEnvironment(plan.settings),
    data: plan,
  };
}

/** The flags of Node and the variables that a worker has. */
export function workerEnvironment({ rawEnv }: Pick<Settings, 'rawEnv'>): {
  execArgv: string[];
  env: Record<string, string>;
} {
  const env = parseRawEnv(rawEnv);
  const execArgv = workerFlags(process.execArgv, env['NODE_OPTIONS'] ?? process.env['NODE_OPTIONS'] ?? '');
  return { execArgv, env };
}

/** The folders of the applications of a pool, the configuration, and what was named besides. */
function watchedPaths(settings: Settings, role: PlanRole, { config, source }: Launch): string[] {
  const folder = source.kind === 'file' ? dirname(source.file) : source.folder;
  const own =
    role.kind === 'upstream'
      ? [role.app]
      : config.routes.flatMap((route) => ('app' in route && route.app) || []);
  const folders = own.map((app) => dirname(locateApplication(app, folder).file));
  const files = source.file === undefined ? [] : [source.file];
  return [...new Set([...folders, ...files, ...settings.reloadExtraFiles.map((path) => resolve(path))])];
}

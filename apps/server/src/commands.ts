import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Config } from './config.ts';
import { checkConfig } from './config-schema.ts';
import { CommandError } from './errors.ts';
import { locateApplication } from './load-application.ts';
import { loadConfig, locateConfig } from './load-config.ts';
import { resolveSettings } from './resolve-settings.ts';
import { runStack } from './run-stack.ts';
import type { Settings } from './settings.ts';
import { checkServers } from './site/upstreams.ts';

type Flags = Readonly<Record<string, unknown>>;

/** `highball serve MODULE[:EXPORT]` */
export async function serveCommand(module: string, flags: Flags): Promise<void> {
  locateApplication(module, process.cwd());
  // One worker unless more are asked for, as gunicorn does: an application may keep its state in memory.
  await runInline({ routes: [{ app: module }] }, flags, { workers: 1 });
}

/** `highball static DIR` */
export async function staticCommand(dir: string, flags: Flags): Promise<void> {
  if (!statSync(resolve(dir), { throwIfNoEntry: false })?.isDirectory()) {
    throw new CommandError(`'${dir}' is no folder; name the one that holds the files`);
  }
  const { maxAge, fallback } = flags;
  const route = {
    static: dir,
    ...(maxAge !== undefined && { maxAge: Number(maxAge) }),
    ...(typeof fallback === 'string' && { fallback }),
  };
  if (Number.isNaN(route.maxAge))
    throw new CommandError(`--max-age must be seconds, not '${String(maxAge)}'`);
  await runInline({ routes: [route] }, flags);
}

/** `highball proxy UPSTREAM…` */
export async function proxyCommand(servers: string[], flags: Flags): Promise<void> {
  checkServers(servers, 'upstream');
  const upstream = { servers, ...(flags['balance'] !== undefined && { balance: flags['balance'] }) };
  const config = { upstreams: { upstream }, routes: [{ proxy: 'upstream' }] };
  await runInline(checkConfig(config, 'highball proxy'), flags);
}

/** `highball run -c highball.config.ts` */
export async function runCommand(flags: Flags): Promise<void> {
  const file = locateConfig(flags['config'] as string | undefined, process.cwd());
  const { config, folder } = await loadConfig(file);
  for (const upstream of Object.values(config.upstreams ?? {})) {
    if ('app' in upstream) locateApplication(upstream.app, folder);
  }
  const settings = resolveSettings({ flags, env: process.env, config: { ...config }, configName: file });
  await runStack({ config, source: { kind: 'file', file }, settings });
}

async function runInline(config: Config, flags: Flags, defaults: Partial<Settings> = {}): Promise<void> {
  const settings = resolveSettings({ flags, env: process.env, config: {}, defaults });
  await runStack({ config, source: { kind: 'inline', config, folder: process.cwd() }, settings });
}

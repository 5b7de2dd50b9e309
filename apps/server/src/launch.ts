import { checkSettings } from './check-settings.ts';
import type { Config, ServerConfig } from './config.ts';
import { loadConfig, loadServerConfig } from './load-config.ts';
import type { PlanSource } from './plan.ts';
import { type SettingOrigin, traceSettings } from './resolve-settings.ts';
import type { Settings } from './settings.ts';

/** The flags of a command, as commander gives them. */
export type Flags = Readonly<Record<string, unknown>>;

/** Where the settings of a command come from. */
export interface SettingInput {
  flags: Flags;
  /** The configuration file. */
  file?: string | undefined;
  /** Whether the file may have routes: that of `run`. */
  routes: boolean;
  /** Defaults of this command that differ from the common ones. */
  defaults?: Partial<Settings>;
}

/** A configuration with the settings that come of it. */
export interface Reading<Read extends ServerConfig = ServerConfig> {
  config: Read;
  origins: SettingOrigin[];
}

/** All that a server is started from. */
export interface Launch extends Reading<Config> {
  source: PlanSource;
  /** The folder in which the command was given, before `chdir`. */
  startedIn: string;
  /** Reads file and environment anew. @throws CommandError when they are not valid any more. */
  reread(): Promise<Reading<Config>>;
}

/**
 * Reads the configuration file, if there is one, and resolves all settings.
 * @param version - another number has the file read anew.
 * @throws CommandError when anything is not valid.
 */
export async function readSettings(input: SettingInput, version = 0): Promise<Reading> {
  const { flags, file, routes, defaults } = input;
  const config = file === undefined ? {} : await readFile(file, routes, version);
  const origins = traceSettings({
    flags,
    env: process.env,
    config: { ...config },
    ...(file !== undefined && { configName: file }),
    ...(defaults && { defaults }),
  });
  await checkSettings(origins);
  return { config, origins };
}

/** @param base - the part of the configuration that the command line gives: routes and upstreams. */
export function createLaunch(
  input: SettingInput,
  { config, origins }: Reading,
  base: { config: Config; source: PlanSource; startedIn: string },
): Launch {
  let version = 0;
  return {
    config: { ...base.config, ...config },
    origins,
    source: base.source,
    startedIn: base.startedIn,
    async reread() {
      const again = await readSettings(input, ++version);
      return { config: { ...base.config, ...again.config }, origins: again.origins };
    },
  };
}

async function readFile(file: string, routes: boolean, version: number): Promise<ServerConfig> {
  return routes ? (await loadConfig(file, version)).config : loadServerConfig(file, version);
}

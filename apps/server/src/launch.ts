import { checkApart } from './check-apart.ts';
import { checkSettings } from './check-settings.ts';
import type { Config, ServerConfig } from './config.ts';
import { acceptableText, loadConfig, loadServerConfig } from './load-config.ts';
import type { PlanSource } from './plan.ts';
import { type SettingOrigin, settingsOf, traceSettings } from './resolve-settings.ts';
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
  /** The text of its file, if that is all that a worker needs. */
  text?: string | undefined;
  origins: SettingOrigin[];
}

/** The same, with what a worker makes it of. */
export interface LaunchReading extends Reading<Config> {
  source: PlanSource;
}

/** All that a server is started from. */
export interface Launch extends LaunchReading {
  /** The folder in which the command was given, before `chdir`. */
  startedIn: string;
  /**
   * Has a process check what only packages know of it; once, however often it is called.
   * @throws CommandError that names the place and the mend.
   */
  check(): Promise<void>;
  /** Reads file and environment anew. @throws CommandError when they are not valid any more. */
  reread(): Promise<LaunchReading>;
}

/**
 * Reads the configuration file, if there is one, and resolves all settings.
 * @param version - another number has the file read anew.
 * @throws CommandError when anything is not valid.
 */
export async function readSettings(input: SettingInput, version = 0): Promise<Reading> {
  const { flags, file, routes, defaults } = input;
  const { config, text } = file === undefined ? { config: {} } : await readFile(file, routes, version);
  const origins = traceSettings({
    flags,
    env: process.env,
    config: { ...config },
    ...(file !== undefined && { configName: file }),
    ...(defaults && { defaults }),
  });
  await checkSettings(origins);
  return { config, origins, text };
}

/** @param base - the part of the configuration that the command line gives: routes and upstreams. */
export function createLaunch(
  input: SettingInput,
  reading: Reading,
  { config, source, startedIn }: { config: Config; source: PlanSource; startedIn: string },
): Launch {
  let version = 0;
  const complete = ({ text, origins, ...read }: Reading): LaunchReading => ({
    config: { ...config, ...read.config },
    origins,
    // With `reload`, a change of the file is what is waited for.
    source: text === undefined || settingsOf(origins).reload ? source : { ...source, text },
  });
  const first = complete(reading);
  let checked: Promise<void> | undefined;
  return {
    ...first,
    startedIn,
    check: () => (checked ??= checkApart({ source: first.source, settings: settingsOf(first.origins) })),
    reread: async () => complete(await readSettings(input, ++version)),
  };
}

async function readFile(
  file: string,
  routes: boolean,
  version: number,
): Promise<{ config: ServerConfig; text?: string | undefined }> {
  const text = await acceptableText(file, version);
  const options = { text, version };
  const config = routes ? (await loadConfig(file, options)).config : await loadServerConfig(file, options);
  return { config, text };
}

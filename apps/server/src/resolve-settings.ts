import * as v from 'valibot';
import { CommandError } from './errors.ts';
import { type Settings, settingNames, settings } from './settings.ts';

/** Where values may come from, the strongest first. */
export interface SettingSources {
  /** Of the command line, by setting's name. */
  flags: Readonly<Record<string, unknown>>;
  env: NodeJS.ProcessEnv;
  /** Of the configuration file, by setting's name. */
  config: Readonly<Record<string, unknown>>;
  /** The name of the configuration file, for messages. */
  configName?: string;
  /** Defaults of one command that differ from the common ones. */
  defaults?: Partial<Settings>;
}

/**
 * Gives each setting its value: command line, then environment, then configuration, then default.
 * @throws CommandError that names the setting, the place and what would be valid.
 */
export function resolveSettings(sources: SettingSources): Settings {
  const resolved = settingNames.map((name) => {
    const [value, place] = findValue(name, sources);
    return [name, place === undefined ? value : checkSetting(name, value, place)];
  });
  return Object.fromEntries(resolved) as Settings;
}

/** The environment variable of a setting: `keepAlive` → `HIGHBALL_KEEP_ALIVE`. */
export function environmentName(setting: string): string {
  return `HIGHBALL_${setting.replaceAll(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;
}

/** The value and the place it was found at; no place means the default, which needs no check. */
function findValue(name: keyof Settings, sources: SettingSources): [value: unknown, place?: string] {
  const { flag, env = [] } = settings[name];
  if (sources.flags[name] !== undefined) return [sources.flags[name], longFlag(flag)];
  for (const variable of [environmentName(name), ...env]) {
    if (sources.env[variable]) return [sources.env[variable], variable];
  }
  if (name === 'bind' && sources.env['PORT']) return [`:${sources.env['PORT']}`, 'PORT'];
  if (sources.config[name] !== undefined)
    return [sources.config[name], sources.configName ?? 'the configuration'];
  return [sources.defaults?.[name] ?? settings[name].default];
}

function checkSetting(name: keyof Settings, value: unknown, place: string): unknown {
  const { schema, expects } = settings[name];
  const result = v.safeParse(schema, value);
  if (result.success) return result.output;
  throw new CommandError(`${place}: ${name} must be ${expects}, not ${JSON.stringify(value)}`);
}

function longFlag(flag: string): string {
  return /--[a-z-]+/.exec(flag)?.[0] ?? flag;
}

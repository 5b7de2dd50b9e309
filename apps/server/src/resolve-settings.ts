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

/** A setting's value, and who has said it. */
export interface SettingOrigin {
  name: keyof Settings;
  value: unknown;
  /** `default`, the name of the configuration file, `$VARIABLE` or `--flag`. */
  origin: string;
}

/**
 * Gives each setting its value: command line, then environment, then configuration, then default.
 * @throws CommandError that names the setting, the place and what would be valid.
 */
export function resolveSettings(sources: SettingSources): Settings {
  return settingsOf(traceSettings(sources));
}

/**
 * The same with the place that each value comes from.
 * @throws CommandError as {@link resolveSettings} does.
 */
export function traceSettings(sources: SettingSources): SettingOrigin[] {
  const origins = settingNames.map((name) => trace(name, sources));
  checkTogether(settingsOf(origins));
  return origins;
}

/** The values alone. */
export function settingsOf(origins: readonly SettingOrigin[]): Settings {
  return Object.fromEntries(origins.map(({ name, value }) => [name, value])) as unknown as Settings;
}

/** The environment variable of a setting: `keepAlive` → `HIGHBALL_KEEP_ALIVE`. */
export function environmentName(setting: string): string {
  return `HIGHBALL_${setting.replaceAll(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;
}

/** All environment variables of a setting, the strongest first. */
export function environmentNames(name: keyof Settings): string[] {
  return [environmentName(name), ...(settings[name].env ?? []), ...(name === 'bind' ? ['PORT'] : [])];
}

/** `-b, --bind <address>` → `--bind` */
export function longFlag(flag: string): string {
  return /--[a-z\d-]+/.exec(flag)?.[0] ?? flag;
}

function trace(name: keyof Settings, sources: SettingSources): SettingOrigin {
  const [value, place, origin = place ?? 'default'] = findValue(name, sources);
  return { name, value: place === undefined ? value : checkSetting(name, value, place), origin };
}

/** The value, the place it was found at, and its origin if that reads otherwise; no place means the default. */
function findValue(
  name: keyof Settings,
  sources: SettingSources,
): [value: unknown, place?: string, origin?: string] {
  const { flag } = settings[name];
  if (sources.flags[name] !== undefined) return [sources.flags[name], longFlag(flag)];
  for (const variable of environmentNames(name)) {
    const value = sources.env[variable];
    if (value) return [variable === 'PORT' ? `:${value}` : value, variable, `$${variable}`];
  }
  if (sources.config[name] !== undefined)
    return [sources.config[name], sources.configName ?? 'the configuration'];
  return [sources.defaults?.[name] ?? settings[name].default];
}

/**
 * The value of a setting, as its schema makes it of what was found.
 * @param place - where that was.
 * @throws CommandError that names the setting, the place and what would be valid.
 */
export function checkSetting(name: keyof Settings, value: unknown, place: string): unknown {
  const { schema, expects } = settings[name];
  const result = v.safeParse(schema, value);
  if (result.success) return result.output;
  throw new CommandError(`${place}: ${name} must be ${expects}, not ${JSON.stringify(value)}`);
}

/** What one setting cannot say by itself. */
function checkTogether(all: Settings): void {
  const { workersMin, workersMax, maxRequests, maxRequestsJitter, protocol, proxyProtocol } = all;
  if (workersMin > 0 !== workersMax > 0) {
    throw new CommandError('autoscaling needs both: give --workers-min and --workers-max');
  }
  if (workersMin > workersMax) {
    throw new CommandError(`--workers-min ${workersMin} exceeds --workers-max ${workersMax}`);
  }
  if (maxRequestsJitter > 0 && maxRequests === 0) {
    throw new CommandError('--max-requests-jitter does nothing without --max-requests');
  }
  if (protocol === 'uwsgi' && proxyProtocol !== 'off') {
    throw new CommandError(
      `--proxy-protocol ${proxyProtocol} does not go with --protocol uwsgi, whose variables name the client: leave it off`,
    );
  }
}

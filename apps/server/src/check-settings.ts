import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { CommandError, messageOf } from './errors.ts';
import { longFlag, type SettingOrigin, settingsOf } from './resolve-settings.ts';
import { type Settings, settings } from './settings.ts';

/** The formats that need no check: what else there is, access-log says, which is loaded for that alone. */
const NAMED_FORMATS: ReadonlySet<string> = new Set(['combined', 'common', 'gunicorn', 'json']);

/**
 * Checks what a schema cannot: what is there, and what a package knows. Nothing is bound yet, and a worker would only
 * find it when it is started.
 * @throws CommandError that names the setting, the place, the value and what would be valid.
 */
export async function checkSettings(origins: readonly SettingOrigin[]): Promise<void> {
  const { accessLogFormat, reload, reloadExtraFiles } = settingsOf(origins);
  if (!NAMED_FORMATS.has(accessLogFormat)) {
    const { checkFormat } = await import('@highball/access-log');
    try {
      checkFormat(accessLogFormat);
    } catch (error) {
      throw refused('accessLogFormat', origins, accessLogFormat, error);
    }
  }
  const missing = reload ? reloadExtraFiles.find((path) => !existsSync(resolve(path))) : undefined;
  if (missing !== undefined) throw refused('reloadExtraFiles', origins, missing, 'there is no such file');
}

function refused(
  name: keyof Settings,
  origins: readonly SettingOrigin[],
  value: unknown,
  cause: unknown,
): CommandError {
  const { expects, flag } = settings[name];
  const origin = origins.find((each) => each.name === name)?.origin ?? longFlag(flag);
  return new CommandError(
    `${origin}: ${name} must be ${expects}, not ${JSON.stringify(value)}: ${messageOf(cause)}`,
    { cause },
  );
}

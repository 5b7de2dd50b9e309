import { type Command, Option } from 'commander';
import { collect } from './collect.ts';
import { environmentNames, longFlag } from './resolve-settings.ts';
import { type Settings, settingNames, settings } from './settings.ts';
import { defaultText } from './settings-page.ts';

/** Gives a command the flags of all settings, in their groups. */
export function addSettings(command: Command): void {
  for (const name of settingNames) {
    for (const option of optionsOf(name)) command.addOption(option);
  }
}

/** A list's flag may be repeated; a switch can be undone, since a file or the environment may have set it. */
function optionsOf(name: keyof Settings): Option[] {
  const { flag, help, group, default: value } = settings[name];
  const variables = environmentNames(name).map((variable) => `$${variable}`);
  const details = [...variables, `default: ${defaultText(name)}`].join(', ');
  const option = new Option(flag, `${help} (${details})`).helpGroup(`${group}:`);
  if (Array.isArray(value)) option.argParser(collect);
  if (typeof value !== 'boolean') return [option];
  const undo = new Option(longFlag(flag).replace(/^--/, '--no-'), 'not so').hideHelp();
  return [option, undo];
}

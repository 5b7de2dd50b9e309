import { environmentNames } from './resolve-settings.ts';
import { settingNames, type Settings, settings } from './settings.ts';
import { GROUPS } from './settings/setting.ts';

const INTRODUCTION = `# Settings of highball

This page is made of the declarations in \`src/settings\`; a test fails when it is not up to date.

Each setting is a flag of \`serve\`, \`static\`, \`proxy\` and \`run\`, an environment variable, and a key of the configuration. The command line beats the environment, which beats the configuration, which beats the default. \`--print-config\` shows each value and where it comes from; \`--check-config\` says whether everything is correct, and ends.

A list's flag may be given several times; in the environment its parts are divided by commas. A switch is undone by \`--no-NAME\`. Times are in seconds, sizes in bytes.

A reload (HUP, \`highball ctl reload\`) reads the configuration anew. It brings new values of most settings; those marked _needs a new master_ keep their value until \`highball ctl upgrade\` or a restart, and the log says so.
`;

/** The documentation of all settings, in Markdown. */
export function settingsPage(): string {
  const groups = GROUPS.map((group) => {
    const names = settingNames.filter((name) => settings[name].group === group);
    return [`## ${group}`, ...names.map(settingText)].join('\n\n');
  });
  return `${[INTRODUCTION.trimEnd(), ...groups].join('\n\n')}\n`;
}

function settingText(name: keyof Settings): string {
  const { flag, help, expects, applies } = settings[name];
  const facts = [
    `- flag: \`${flag}\``,
    `- environment: ${environmentNames(name)
      .map((variable) => `\`${variable}\``)
      .join(', ')}`,
    `- takes: ${expects}`,
    `- default: ${defaultText(name)}`,
    ...(applies === 'upgrade' ? ['- _needs a new master_'] : []),
  ];
  return `### ${name}\n\n${sentence(help)}\n\n${facts.join('\n')}`;
}

/** The default as the documentation writes it. */
export function defaultText(name: keyof Settings): string {
  const { default: value, defaultText: text } = settings[name];
  if (text !== undefined) return text;
  return Array.isArray(value) ? value.join(', ') : String(value);
}

/** A `*` would begin emphasis. */
function sentence(help: string): string {
  return `${help.charAt(0).toUpperCase()}${help.slice(1)}.`.replaceAll('*', '\\*');
}

import { expect, test } from 'vitest';
import { settingNames, settings } from '../src/settings.ts';
import { settingsPage } from '../src/settings-page.ts';

test('docs/settings.md is up to date (vitest -u writes it anew)', async () => {
  await expect(settingsPage()).toMatchFileSnapshot('../docs/settings.md');
});

test('every setting is on the page, with its flag and its variable', () => {
  const page = settingsPage();
  for (const name of settingNames) {
    expect(page).toContain(`\n### ${name}\n`);
    expect(page).toContain(`\`${settings[name].flag}\``);
  }
});

import { describe, expect, test } from 'vitest';
import { environmentName, resolveSettings } from '../src/resolve-settings.ts';
import { settingNames, settings } from '../src/settings.ts';

const nothing = { flags: {}, env: {}, config: {} };

test('every setting has its default when nothing is said', () => {
  const defaults = Object.fromEntries(settingNames.map((name) => [name, settings[name].default]));
  expect(resolveSettings(nothing)).toEqual(defaults);
});

test('the command line beats the environment, which beats the configuration, which beats the default', () => {
  const flags = { workers: '2' };
  const env = { HIGHBALL_WORKERS: '3' };
  const config = { workers: 4 };
  const defaults = { workers: 5 };
  expect(resolveSettings({ flags, env, config, defaults }).workers).toBe(2);
  expect(resolveSettings({ flags: {}, env, config, defaults }).workers).toBe(3);
  expect(resolveSettings({ flags: {}, env: {}, config, defaults }).workers).toBe(4);
  expect(resolveSettings({ flags: {}, env: {}, config: {}, defaults }).workers).toBe(5);
});

test('platforms set WEB_CONCURRENCY and PORT', () => {
  const resolved = resolveSettings({ ...nothing, env: { WEB_CONCURRENCY: '3', PORT: '5000' } });
  expect(resolved.workers).toBe(3);
  expect(resolved.bind).toEqual([':5000']);
});

test('HIGHBALL_BIND beats PORT', () => {
  const resolved = resolveSettings({
    ...nothing,
    env: { HIGHBALL_BIND: '127.0.0.1:1,unix:/x', PORT: '5000' },
  });
  expect(resolved.bind).toEqual(['127.0.0.1:1', 'unix:/x']);
});

test('the environment has the names of the settings in its own manner', () => {
  expect(environmentName('limitRequestFieldSize')).toBe('HIGHBALL_LIMIT_REQUEST_FIELD_SIZE');
});

describe('a value that is not valid names the place, the setting and the mend', () => {
  test.each([
    [{ flags: { workers: 'abc' } }, '--workers: workers must be a whole number'],
    [{ flags: { workers: '0' } }, '--workers: workers must be a whole number'],
    [{ flags: { workers: '1.5' } }, '--workers: workers must be a whole number'],
    [{ flags: { workers: '' } }, '--workers: workers must be a whole number'],
    [{ flags: { keepAlive: '-1' } }, '--keep-alive: keepAlive must be seconds'],
    [{ env: { HIGHBALL_TIMEOUT: 'soon' } }, 'HIGHBALL_TIMEOUT: timeout must be seconds'],
    [{ env: { WEB_CONCURRENCY: 'many' } }, 'WEB_CONCURRENCY: workers must be'],
    [{ config: { logLevel: 'loud' }, configName: 'my.ts' }, 'my.ts: logLevel must be trace, debug'],
    [{ config: { bind: [] } }, 'the configuration: bind must be HOST:PORT'],
    [
      { flags: { headerMap: 'keep' } },
      '--header-map: headerMap must be drop, refuse or dangerous, not "keep"',
    ],
  ])('%j', (sources, message) => {
    expect(() => resolveSettings({ ...nothing, ...sources })).toThrow(message);
  });
});

import { isDeepStrictEqual } from 'node:util';
import type { Config } from './config.ts';
import { settingNames, type Settings, settings } from './settings.ts';

/** What a configuration that was read anew changes. */
export interface Change {
  /** The settings from now on: new values where a reload can bring them, else the old ones. */
  settings: Settings;
  /** The settings that have changed. */
  changed: (keyof Settings)[];
  /** What has changed and takes a new master: settings, and upstreams that are run here. */
  postponed: string[];
}

/** Compares what runs with what is wanted. */
export function compareSettings(running: Settings, wanted: Settings): Change {
  const differing = settingNames.filter((name) => !isDeepStrictEqual(running[name], wanted[name]));
  const changed = differing.filter((name) => settings[name].applies === 'reload');
  const news = Object.fromEntries(changed.map((name) => [name, wanted[name]]));
  return {
    settings: { ...running, ...news },
    changed,
    postponed: differing.filter((name) => settings[name].applies === 'upgrade'),
  };
}

/** The upstreams whose processes a reload cannot change: new ones, lost ones, other numbers of instances. */
export function changedUpstreams(running: Config, wanted: Config): string[] {
  const before = ownUpstreams(running);
  const after = ownUpstreams(wanted);
  const names = new Set([...before.keys(), ...after.keys()]);
  return [...names].filter((name) => before.get(name) !== after.get(name)).map((name) => `upstreams.${name}`);
}

function ownUpstreams({ upstreams = {} }: Config): Map<string, string> {
  return new Map(
    Object.entries(upstreams).flatMap(([name, upstream]) =>
      'app' in upstream
        ? [[name, `${upstream.instances ?? 1} ${upstream.workers ?? 1} ${upstream.app}`]]
        : [],
    ),
  );
}

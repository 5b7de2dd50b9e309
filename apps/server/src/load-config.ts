import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { Config, ServerConfig } from './config.ts';
import { CommandError, messageOf, oneLine } from './errors.ts';
import { importFile } from './import-file.ts';

/** A configuration, and the folder that the names in it are relative to. */
export interface LoadedConfig {
  config: Config;
  folder: string;
}

/** File names that are tried when none was given, in this order. */
const USUAL_NAMES = ['highball.config.ts', 'highball.config.js', 'highball.config.mjs'] as const;

/**
 * Finds the configuration file: the one that was named, or the usual one of this folder.
 * @throws CommandError when there is none.
 */
export function locateConfig(name: string | undefined, folder: string): string {
  const names = name === undefined ? USUAL_NAMES : [name];
  const found = names.map((each) => resolve(folder, each)).find((file) => existsSync(file));
  if (found !== undefined) return found;
  if (name !== undefined) throw new CommandError(`no configuration '${name}' in ${folder}`);
  throw new CommandError(`no ${USUAL_NAMES[0]} in ${folder}; write one, or name it with -c FILE`);
}

/**
 * Imports and checks a configuration file: its default export.
 * @param version - another number has the file read anew, though not the modules that it imports.
 * @throws CommandError when it cannot be loaded or is not valid.
 */
export async function loadConfig(file: string, version = 0): Promise<LoadedConfig> {
  const { checkConfig } = await import('./config-schema.ts');
  return { config: checkConfig(await importDefault(file, version), file), folder: dirname(file) };
}

/**
 * The same for a file with settings and hooks alone.
 * @throws CommandError when it cannot be loaded or is not valid.
 */
export async function loadServerConfig(file: string, version = 0): Promise<ServerConfig> {
  const { checkServerConfig } = await import('./config-schema.ts');
  return checkServerConfig(await importDefault(file, version), file);
}

async function importDefault(file: string, version: number): Promise<unknown> {
  let exports: Record<string, unknown>;
  try {
    exports = await importFile(file, version);
  } catch (error) {
    throw new CommandError(`cannot load ${file}: ${oneLine(messageOf(error))}`, { cause: error });
  }
  if ('default' in exports) return exports['default'];
  throw new CommandError(`${file} has no default export; write 'export default defineConfig({ ... })'`);
}

import { existsSync, readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { Config, ServerConfig } from './config.ts';
import { CommandError, messageOf, oneLine } from './errors.ts';
import { importFile } from './import-file.ts';
import { importText } from './import-text.ts';

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

/** Which text a file is to be read as. */
export interface ReadOptions {
  /** What its file held when it was accepted; it is not looked at again. */
  readonly text?: string | undefined;
  /** Another number has the file read anew, though not the modules that it imports. */
  readonly version?: number;
}

/**
 * Imports and checks a configuration file: its default export.
 * @throws CommandError when it cannot be loaded or is not valid.
 */
export async function loadConfig(file: string, options: ReadOptions = {}): Promise<LoadedConfig> {
  const { checkConfig } = await import('./config-schema.ts');
  return { config: checkConfig(await importDefault(file, options), file), folder: dirname(file) };
}

/**
 * The same for a file with settings and hooks alone.
 * @throws CommandError when it cannot be loaded or is not valid.
 */
export async function loadServerConfig(file: string, options: ReadOptions = {}): Promise<ServerConfig> {
  const { checkServerConfig } = await import('./config-schema.ts');
  return checkServerConfig(await importDefault(file, options), file);
}

/**
 * The text of a configuration file, if a process can be given that in place of the file: an ES module that Node loads
 * by itself. Otherwise (CommonJS, what takes tsx) each process has to read the file.
 */
export async function acceptableText(file: string, version: number): Promise<string | undefined> {
  try {
    const text = readFileSync(file, 'utf8');
    await importText(file, text, acceptedQuery(version));
    return text;
  } catch {
    return undefined;
  }
}

async function importDefault(file: string, { text, version = 0 }: ReadOptions): Promise<unknown> {
  let exports: Record<string, unknown>;
  try {
    exports = await (text === undefined
      ? importFile(file, version)
      : importText(file, text, acceptedQuery(version)));
  } catch (error) {
    throw new CommandError(`cannot load ${file}: ${oneLine(messageOf(error))}`, { cause: error });
  }
  if ('default' in exports) return exports['default'];
  throw new CommandError(`${file} has no default export; write 'export default defineConfig({ ... })'`);
}

function acceptedQuery(version: number): string {
  return `?accepted=${version}`;
}

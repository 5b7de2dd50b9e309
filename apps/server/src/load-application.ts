import type { Application } from '@highball/gateway-protocol';
import { existsSync, statSync } from 'node:fs';
import { extname, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { APP_LOAD_ERROR, CommandError, messageOf, oneLine } from './errors.ts';

/** Names that are tried in a module when none was given, in this order. */
const USUAL_EXPORTS = ['default', 'app', 'application'] as const;

/** Where an application is: `MODULE[:EXPORT]`, resolved against a folder. */
export interface ApplicationLocation {
  file: string;
  exportName: string | undefined;
}

/**
 * Reads `MODULE[:EXPORT]` and finds the module's file.
 * @throws CommandError when there is no such file.
 */
export function locateApplication(spec: string, folder: string): ApplicationLocation {
  const [, module = spec, exportName] = /^(.+):([\p{ID_Start}$_][\p{ID_Continue}$]*)$/u.exec(spec) ?? [];
  const file = resolve(folder, module);
  if (!existsSync(file)) {
    throw loadError(`no module '${module}' in ${folder}; name the file as MODULE[:EXPORT], as in app.ts:app`);
  }
  if (statSync(file).isDirectory())
    throw loadError(`'${module}' is a folder; name a file of it, as in app.ts:app`);
  return { file, exportName };
}

/**
 * Loads an application.
 * @throws CommandError when the module cannot be loaded or does not export an application.
 */
export async function loadApplication(spec: string, folder: string): Promise<Application> {
  const { file, exportName } = locateApplication(spec, folder);
  let exports: Record<string, unknown>;
  try {
    exports = await importFile(file);
  } catch (error) {
    throw loadError(`cannot load ${file}: ${oneLine(messageOf(error))}`, error);
  }
  const found = exportName === undefined ? USUAL_EXPORTS.find((name) => name in exports) : exportName;
  if (found === undefined || !(found in exports)) throw loadError(missingExport(file, exportName, exports));
  const app = exports[found];
  if (typeof app !== 'function') {
    throw loadError(
      `'${found}' of ${file} is no application: it must be a function (environ, startResponse)`,
    );
  }
  return app as Application;
}

/**
 * Imports a module, TypeScript too: by Node's own type stripping, and by tsx where that is not enough (enums,
 * JSX, imports without an ending).
 * @param version - another number has the file itself read anew, in a process that has imported it already.
 */
export async function importFile(file: string, version = 0): Promise<Record<string, unknown>> {
  const { href } = pathToFileURL(file);
  const url = version === 0 ? href : `${href}?version=${version}`;
  if (extname(file) === '.tsx') return importByTsx(url);
  try {
    return (await import(url)) as Record<string, unknown>;
  } catch (error) {
    if (!/\.[cm]?ts$/.test(file) || !needsTsx(error)) throw error;
    return importByTsx(url);
  }
}

/** Errors of Node's loader that come before any line of the module has run, and that tsx may mend. */
const LOADER_ERRORS: ReadonlySet<unknown> = new Set([
  'ERR_MODULE_NOT_FOUND',
  'ERR_UNKNOWN_FILE_EXTENSION',
  'ERR_UNSUPPORTED_DIR_IMPORT',
  'ERR_UNSUPPORTED_NODE_MODULES_TYPE_STRIPPING',
  'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX',
]);

function needsTsx(error: unknown): boolean {
  return error instanceof Error && LOADER_ERRORS.has((error as NodeJS.ErrnoException).code);
}

async function importByTsx(url: string): Promise<Record<string, unknown>> {
  const { tsImport } = await import('tsx/esm/api');
  const exports = (await tsImport(url, import.meta.url)) as Record<string, unknown>;
  // Without "type": "module" beside it, tsx makes CommonJS of the file; its exports then hang under `default`.
  const inner = exports['default'] as { __esModule?: boolean } | undefined;
  return inner?.__esModule ? (inner as Record<string, unknown>) : exports;
}

function missingExport(file: string, name: string | undefined, exports: Record<string, unknown>): string {
  const names = Object.keys(exports).map((key) => `'${key}'`);
  const has = names.length === 0 ? 'it exports nothing' : `it exports ${names.join(', ')}`;
  const wanted = name === undefined ? "no 'default', 'app' or 'application'" : `no '${name}'`;
  return `${file} exports ${wanted}; ${has}`;
}

function loadError(message: string, cause?: unknown): CommandError {
  return new CommandError(message, { exitCode: APP_LOAD_ERROR, cause });
}

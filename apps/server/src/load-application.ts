import type { Application, InterfaceName } from '@highball/gateway-protocol';
import { AdapterUsageError, captureServers } from '@highball/node-adapter';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { findPackageJSON } from 'node:module';
import { basename, extname, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { adaptApplication } from './application/adapt.ts';
import { Lifecycle } from './application/lifecycle.ts';
import { ShapeError } from './application/shape.ts';
import type { WorkerLog } from './worker-log.ts';
import { APP_LOAD_ERROR, CommandError, messageOf, oneLine } from './errors.ts';

/** Names that are tried in a module when none was given, in this order. */
const USUAL_EXPORTS = ['default', 'app', 'application'] as const;

/** A worker that takes longer is replaced by its master before (Puma's worker_boot_timeout). */
const LOAD_TIMEOUT_MS = 60_000;

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

/** How an application is loaded. */
export interface LoadOptions {
  /** How it is to be called; `auto` recognises it. @default 'auto' */
  interface?: InterfaceName | 'auto';
  /** Where it says what is to be done at its end. */
  lifecycle?: Lifecycle;
  /** Told what is worth knowing of its start. */
  log?: Pick<WorkerLog, 'info'>;
  /** Gives up waiting for it, so that another can be loaded. */
  signal?: AbortSignal;
}

/** One after the other: while a program loads, its server is caught before it listens. */
let loading: Promise<unknown> = Promise.resolve();
/** Ends the capture of the program before this one: only the last one's servers are still to come. */
let restoreServers: () => void = () => undefined;

/**
 * Loads an application of any shape, and starts it: one that a module exports, or the server of a program that listens
 * by itself, as `app.listen(3000)`.
 * @throws CommandError when the module cannot be loaded or has no application.
 */
export function loadApplication(
  spec: string,
  folder: string,
  options: LoadOptions = {},
): Promise<Application> {
  const loaded = loading.then(() => load(locateApplication(spec, folder), options));
  loading = loaded.catch(() => undefined);
  return loaded;
}

async function load({ file, exportName }: ApplicationLocation, options: LoadOptions): Promise<Application> {
  restoreServers();
  const { exports, server } = await importProgram(file, exportName, options.signal);
  const name = exportName ?? usualExport(exports);
  if (name === undefined || !(name in exports)) {
    if (server === undefined || exportName !== undefined)
      throw loadError(missingExport(file, exportName, exports));
    return server;
  }
  const app = exports[name];
  const { lifecycle = new Lifecycle() } = options;
  try {
    return await adaptApplication(app, options.interface ?? 'auto', { lifecycle, log: options.log });
  } catch (error) {
    // What it exports may be anything; that its server wanted to listen says what is meant.
    if (error instanceof ShapeError && server !== undefined) return server;
    const reason = error instanceof ShapeError ? '' : 'did not start: ';
    throw loadError(`'${name}' of ${file} ${reason}${oneLine(messageOf(error))}`, error);
  }
}

interface LoadedProgram {
  readonly exports: Record<string, unknown>;
  /** What its server runs, if it wanted to listen. */
  readonly server: Application | undefined;
}

async function importProgram(
  file: string,
  exportName: string | undefined,
  signal: AbortSignal | undefined,
): Promise<LoadedProgram> {
  try {
    const { module, captured, restore } = await captureServers(() => importFile(file), {
      timeoutMs: LOAD_TIMEOUT_MS,
      ...(signal && { signal }),
      awaitsServer: (exports) => exportName === undefined && Object.values(exports).every(isNothing),
    });
    restoreServers = restore;
    return { exports: module ?? {}, server: captured?.application };
  } catch (error) {
    if (error instanceof AdapterUsageError && error.code === 'NO_SERVER')
      return { exports: {}, server: undefined };
    throw loadError(`cannot load ${file}: ${oneLine(messageOf(error))}`, error);
  }
}

function usualExport(exports: Readonly<Record<string, unknown>>): string | undefined {
  return USUAL_EXPORTS.find((name) => name in exports && !isNothing(exports[name]));
}

/** A CommonJS module that exports nothing has an empty object as its default export. */
function isNothing(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return Object.getPrototypeOf(value) === Object.prototype && Object.keys(value).length === 0;
}

/**
 * Imports a module, TypeScript too: by Node's own type stripping, and by tsx where that is not enough (enums,
 * JSX, imports without an ending, `import` in a package of CommonJS).
 * @param version - another number has the file itself read anew, in a process that has imported it already.
 */
export async function importFile(file: string, version = 0): Promise<Record<string, unknown>> {
  const { href } = pathToFileURL(file);
  const url = version === 0 ? href : `${href}?version=${version}`;
  if (extname(file) === '.tsx' || isTypeScriptOfCommonJs(file)) return importByTsx(url);
  try {
    return (await import(url)) as Record<string, unknown>;
  } catch (error) {
    if (!/\.[cm]?ts$/.test(file) || !needsTsx(error)) throw error;
    return importByTsx(url);
  }
}

/**
 * Whether Node would take TypeScript for CommonJS and stumble over its first `import`: the nearest package.json says
 * so, as those of `npm init` do. The compiler and tsx take both there.
 */
function isTypeScriptOfCommonJs(file: string): boolean {
  const manifest = extname(file) === '.ts' ? findPackageJSON(pathToFileURL(file)) : undefined;
  // Where there is none, Node 24 and 26 name the file itself.
  if (manifest === undefined || basename(manifest) !== 'package.json') return false;
  return (JSON.parse(readFileSync(manifest, 'utf8')) as { type?: unknown }).type === 'commonjs';
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
  const names = Object.keys(exports)
    .filter((key) => !isNothing(exports[key]))
    .map((key) => `'${key}'`);
  const has =
    names.length === 0 ? 'it exports nothing, and no server of it listens' : `it exports ${names.join(', ')}`;
  const wanted = name === undefined ? "no 'default', 'app' or 'application'" : `no '${name}'`;
  return `${file} exports ${wanted}; ${has}`;
}

function loadError(message: string, cause?: unknown): CommandError {
  return new CommandError(message, { exitCode: APP_LOAD_ERROR, cause });
}

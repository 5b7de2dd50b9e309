import type { Application, InterfaceName } from '@highball/gateway-protocol';
import { AdapterUsageError, captureServers } from '@highball/node-adapter/capture';
import { adaptApplication } from './application/adapt.ts';
import { Lifecycle } from './application/lifecycle.ts';
import { ShapeError } from './application/shape.ts';
import { applicationError, messageOf, oneLine } from './errors.ts';
import { importFile } from './import-file.ts';
import { type ApplicationLocation, locateApplication } from './locate-application.ts';
import type { WorkerLog } from './worker-log.ts';

/** Names that are tried in a module when none was given, in this order. */
const USUAL_EXPORTS = ['default', 'app', 'application'] as const;

/** A worker that takes longer is replaced by its master before (Puma's worker_boot_timeout). */
const LOAD_TIMEOUT_MS = 60_000;

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
      throw applicationError(missingExport(file, exportName, exports));
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
    throw applicationError(`'${name}' of ${file} ${reason}${oneLine(messageOf(error))}`, error);
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
    throw applicationError(`cannot load ${file}: ${oneLine(messageOf(error))}`, error);
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

function missingExport(file: string, name: string | undefined, exports: Record<string, unknown>): string {
  const names = Object.keys(exports)
    .filter((key) => !isNothing(exports[key]))
    .map((key) => `'${key}'`);
  const has =
    names.length === 0 ? 'it exports nothing, and no server of it listens' : `it exports ${names.join(', ')}`;
  const wanted = name === undefined ? "no 'default', 'app' or 'application'" : `no '${name}'`;
  return `${file} exports ${wanted}; ${has}`;
}

import { readFileSync } from 'node:fs';
import { findPackageJSON } from 'node:module';
import { basename, extname } from 'node:path';
import { pathToFileURL } from 'node:url';

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

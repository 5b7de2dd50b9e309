import { execFile } from 'node:child_process';
import { extname } from 'node:path';
import { arrowPlace, compilerPlace, type Place } from './stack-frames.ts';

/** Node's own check takes some tens of milliseconds. */
const CHECK_TIMEOUT_MS = 5000;
const CHECKABLE: ReadonlySet<string> = new Set(['.js', '.mjs', '.cjs', '.ts', '.mts', '.cts']);

/**
 * Where a module does not compile. V8 gives no place for an ES module; `node --check` does, for the same file.
 * @param file - the file that was imported last.
 * @returns undefined when the error is another one, says the place itself, or the check finds nothing.
 */
export async function findSyntaxPlace(error: unknown, file: string | undefined): Promise<Place | undefined> {
  if (!(error instanceof SyntaxError) || compilerPlace(error) !== undefined) return undefined;
  if (file === undefined || !CHECKABLE.has(extname(file))) return undefined;
  return new Promise((resolve) => {
    execFile(process.execPath, ['--check', file], { timeout: CHECK_TIMEOUT_MS }, (_, __, stderr) => {
      resolve(arrowPlace(stderr.trimStart()));
    });
  });
}

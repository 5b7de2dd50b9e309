import { realpathSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { extname } from 'node:path';
import { pathToFileURL } from 'node:url';

/**
 * Imports an ES module with this text, whatever its file holds by now, and even if it is gone. What the text imports
 * is found from the file's place, and read there.
 * @param query - makes another module of it, in a process that has imported the file already.
 * @throws where Node cannot load it by itself: what takes tsx is loaded from files only.
 */
export async function importText(file: string, text: string, query = ''): Promise<Record<string, unknown>> {
  const url = pathToFileURL(realPath(file)).href + query;
  const format = /^\.m?ts$/.test(extname(file)) ? 'module-typescript' : 'module';
  const hooks = registerHooks({
    resolve: (specifier, context, nextResolve) =>
      specifier === url ? { url, format, shortCircuit: true } : nextResolve(specifier, context),
    load: (loaded, context, nextLoad) =>
      loaded === url ? { format, source: text, shortCircuit: true } : nextLoad(loaded, context),
  });
  try {
    return (await import(url)) as Record<string, unknown>;
  } finally {
    hooks.deregister();
  }
}

/** As Node's loader has it: what a module imports lies beside the file itself, not beside a link to it. */
function realPath(file: string): string {
  try {
    return realpathSync(file);
  } catch {
    return file;
  }
}

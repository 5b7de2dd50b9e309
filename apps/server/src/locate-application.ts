import { existsSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { applicationError } from './errors.ts';

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
    throw applicationError(
      `no module '${module}' in ${folder}; name the file as MODULE[:EXPORT], as in app.ts:app`,
    );
  }
  if (statSync(file).isDirectory())
    throw applicationError(`'${module}' is a folder; name a file of it, as in app.ts:app`);
  return { file, exportName };
}

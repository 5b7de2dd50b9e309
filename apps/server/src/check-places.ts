import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Config } from './config.ts';
import { CommandError } from './errors.ts';
import { locateApplication } from './locate-application.ts';

/**
 * Checks before anything is bound that what a configuration names is there: folders, programs, modules, and addresses
 * that can be one. What only the package of an option knows, a worker says, and `highball check`: this process is not to
 * load what serves.
 * @throws CommandError that names the key, and the exit code of a start.
 */
export async function checkPlaces(config: Config, folder: string, file: string): Promise<void> {
  // It may make them.
  if (config.hooks?.onStarting !== undefined) return;
  config.routes.forEach((route, index) => {
    const place = `${file}: routes[${index}]`;
    if ('static' in route && route.static !== undefined)
      check(place, 'static', resolve(folder, route.static), 'folder');
    if ('cgi' in route) check(place, 'cgi', resolve(folder, route.cgi), 'folder or program');
    if ('app' in route && route.app !== undefined) locateApplication(route.app, folder);
  });
  for (const [name, upstream] of Object.entries(config.upstreams ?? {})) {
    if ('app' in upstream) locateApplication(upstream.app, folder);
    if (!('servers' in upstream)) continue;
    const { checkServers } = await import('./upstream/check-servers.ts');
    checkServers(
      upstream.servers.map((server) => (typeof server === 'string' ? server : server.id)),
      name,
      upstream.forward?.proxyProtocol,
    );
  }
}

function check(place: string, key: string, path: string, wanted: 'folder' | 'folder or program'): void {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats?.isDirectory() || (stats !== undefined && wanted !== 'folder')) return;
  throw new CommandError(`${place}.${key} must be a ${wanted} that is there, not '${path}'`);
}

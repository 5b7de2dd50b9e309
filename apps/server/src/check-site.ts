import type { Application } from '@highball/gateway-protocol';
import { Lifecycle } from './application/lifecycle.ts';
import { CommandError, exitCodeOf, messageOf } from './errors.ts';
import type { LoadedConfig } from './load-config.ts';
import { createLog } from './log.ts';
import { SiteCaches } from './site/caches.ts';
import { createSite } from './site/site.ts';
import { createUpstreams } from './site/upstreams.ts';

/** What a site is checked with. */
export interface SiteCheck extends LoadedConfig {
  /** The configuration's name in messages. */
  readonly place: string | undefined;
  /** Loads the application of a module; where that is not to be checked, it gives another. */
  run(spec: string): Promise<Application>;
}

/**
 * Makes all that a worker of the front is made of, but opens and writes nothing: each package reads its options, and what
 * does not fit together is found.
 * @returns the application of it all, which is not to be called.
 * @throws CommandError that names the place and the mend.
 */
export async function checkSite({ place, ...check }: SiteCheck): Promise<Application> {
  try {
    return await makeSite(check);
  } catch (cause) {
    // Others are of an application, and name it.
    if (place === undefined || exitCodeOf(cause) !== 1) throw cause;
    throw new CommandError(`${place}: ${messageOf(cause)}`, { cause });
  }
}

async function makeSite({ config, folder, run }: Omit<SiteCheck, 'place'>): Promise<Application> {
  const addresses: Record<string, readonly string[]> = {};
  for (const [name, upstream] of Object.entries(config.upstreams ?? {})) {
    // They get their sockets at the start.
    if ('app' in upstream) addresses[name] = ['http://127.0.0.1:1'];
  }
  const log = createLog({ level: 'silent', format: 'text', process: 'check' });
  const lifecycle = new Lifecycle();
  const upstreams = await createUpstreams(config, { addresses, folder, log });
  const caches = new SiteCaches({ workers: 1 }, false);
  const site = await createSite(config, { folder, upstreams, run, lifecycle, caches });
  upstreams.close();
  await lifecycle.stop(false, () => undefined);
  return site;
}

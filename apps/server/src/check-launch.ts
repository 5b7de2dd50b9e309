import type { Application } from '@highball/gateway-protocol';
import { Lifecycle } from './application/lifecycle.ts';
import { parseBind } from '@highball/prefork-master';
import { createLog } from './log.ts';
import type { Launch } from './launch.ts';
import { loadApplication } from './load-application.ts';
import { loadPlanConfig } from './plan.ts';
import { parseRawEnv } from './raw-env.ts';
import { settingsOf } from './resolve-settings.ts';
import { resolveIdentity } from './service/identity.ts';
import { SiteCaches } from './site/caches.ts';
import { createSite } from './site/site.ts';
import { createUpstreams } from './site/upstreams.ts';

/**
 * `--check-config`: does all that a start does before anything is bound, applications included, and ends. Its exit
 * code is that of a start: 0, 1 for the configuration, 4 for an application.
 * @throws CommandError, MasterError, ServiceError that names the mistake and the mend.
 */
export async function checkLaunch(launch: Launch): Promise<void> {
  const settings = settingsOf(launch.origins);
  for (const address of settings.bind) parseBind(address);
  resolveIdentity(settings);
  Object.assign(process.env, parseRawEnv(settings.rawEnv));
  const { config, folder } = await loadPlanConfig(launch.source);
  const run = (spec: string): Promise<Application> =>
    loadApplication(spec, folder, { interface: settings.interface });
  const addresses: Record<string, readonly string[]> = {};
  for (const [name, upstream] of Object.entries(config.upstreams ?? {})) {
    if (!('app' in upstream)) continue;
    await run(upstream.app);
    // It gets its port at the start.
    addresses[name] = ['http://127.0.0.1:1'];
  }
  const log = createLog({ level: 'silent', format: 'text', process: 'check' });
  await createSite(config, {
    folder,
    upstreams: createUpstreams(config, { addresses, folder, log }).applications,
    run,
    lifecycle: new Lifecycle(),
    caches: new SiteCaches(),
  });
  console.log('The configuration is correct.');
  // What an application has opened while it was loaded shall not keep this process.
  process.exit(0);
}

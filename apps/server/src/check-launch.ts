import { createWorker } from '@highball/async-worker';
import type { Application } from '@highball/gateway-protocol';
import { Lifecycle } from './application/lifecycle.ts';
import { parseBind } from '@highball/prefork-master';
import { createLog } from './log.ts';
import { CommandError, messageOf, WORKER_BOOT_ERROR } from './errors.ts';
import type { Launch } from './launch.ts';
import { loadApplication } from './load-application.ts';
import { loadPlanConfig } from './plan.ts';
import { parseRawEnv } from './raw-env.ts';
import { settingsOf } from './resolve-settings.ts';
import type { Settings } from './settings.ts';
import { resolveIdentity } from './service/identity.ts';
import { SiteCaches } from './site/caches.ts';
import { createSite } from './site/site.ts';
import { createUpstreams } from './site/upstreams.ts';
import { type WorkerLog, workerLog } from './worker-log.ts';
import { workerOptions } from './worker-options.ts';

/**
 * `--check-config`: does all that a start does before anything is bound, applications included, and ends. Its exit
 * code is that of a start: 0, 1 for the configuration, 3 for what no worker could start with, 4 for an application.
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
  const upstreams = await createUpstreams(config, { addresses, folder, log });
  const site = await createSite(config, {
    folder,
    upstreams,
    run,
    lifecycle: new Lifecycle(),
    caches: new SiteCaches(),
  });
  checkWorker(site, settings, workerLog(log));
  console.log('The configuration is correct.');
  // What an application has opened while it was loaded shall not keep this process.
  process.exit(0);
}

/** Makes a worker that does not listen: addresses and networks are read, and what does not fit together is found. */
function checkWorker(site: Application, settings: Settings, log: WorkerLog): void {
  try {
    createWorker(site, workerOptions(settings, log));
  } catch (cause) {
    throw new CommandError(messageOf(cause), { exitCode: WORKER_BOOT_ERROR, cause });
  }
}

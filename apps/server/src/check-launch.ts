import { createWorker } from '@highball/async-worker';
import type { Application } from '@highball/gateway-protocol';
import { checkSite } from './check-site.ts';
import { CommandError, messageOf, WORKER_BOOT_ERROR } from './errors.ts';
import type { Launch } from './launch.ts';
import { loadApplication } from './load-application.ts';
import { createLog } from './log.ts';
import { loadPlanConfig } from './plan.ts';
import { parseRawEnv } from './raw-env.ts';
import { settingsOf } from './resolve-settings.ts';
import { resolveIdentity } from './service/identity.ts';
import type { Settings } from './settings.ts';
import { workerLog } from './worker-log.ts';
import { workerOptions } from './worker-options.ts';
import { readFrontSockets } from './tls/read-tls.ts';
import { readBind } from './tls/schemes.ts';

/**
 * `--check-config`: does all that a start does before anything is bound, applications included, and ends. Its exit
 * code is that of a start: 0, 1 for the configuration, 3 for what no worker could start with, 4 for an application.
 * @throws CommandError, MasterError, ServiceError that names the mistake and the mend.
 */
export async function checkLaunch(launch: Launch): Promise<void> {
  const settings = settingsOf(launch.origins);
  for (const address of settings.bind) readBind(address);
  const { certificates } = launch.config;
  readFrontSockets({ settings, certificates, warn: (message) => console.error(`highball: ${message}`) });
  resolveIdentity(settings);
  Object.assign(process.env, parseRawEnv(settings.rawEnv));
  const { config, folder } = await loadPlanConfig(launch.source);
  const run = (spec: string): Promise<Application> =>
    loadApplication(spec, folder, { interface: settings.interface });
  for (const upstream of Object.values(config.upstreams ?? {})) {
    if ('app' in upstream) await run(upstream.app);
  }
  const site = await checkSite({ config, folder, place: launch.source.file, run });
  checkWorker(site, settings);
  console.log('The configuration is correct.');
  // What an application has opened while it was loaded shall not keep this process.
  process.exit(0);
}

/** Makes a worker that does not listen: addresses and networks are read. */
function checkWorker(site: Application, settings: Settings): void {
  const log = workerLog(createLog({ level: 'silent', format: 'text', process: 'check' }));
  try {
    createWorker(site, workerOptions(settings, log));
  } catch (cause) {
    throw new CommandError(messageOf(cause), { exitCode: WORKER_BOOT_ERROR, cause });
  }
}

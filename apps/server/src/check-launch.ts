import type { Application } from '@highball/gateway-protocol';
import { checkSite } from './check-site.ts';
import type { Launch } from './launch.ts';
import { loadApplication } from './load-application.ts';
import { loadPlanConfig } from './plan.ts';
import { parseRawEnv } from './raw-env.ts';
import { settingsOf } from './resolve-settings.ts';
import { resolveIdentity } from './service/identity.ts';
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
  await checkSite({ config, folder, place: launch.source.file, settings, run });
  console.log('The configuration is correct.');
  // What an application has opened while it was loaded shall not keep this process.
  process.exit(0);
}

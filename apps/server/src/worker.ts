import { createWorker, type WorkerOptions } from '@highball/async-worker';
import type { Application } from '@highball/gateway-protocol';
import { joinMaster, type WorkerSide } from '@highball/prefork-master/worker';
import { CommandError } from './errors.ts';
import { loadApplication } from './load-application.ts';
import { createLog, type Logger } from './log.ts';
import { loadPlanConfig, type WorkerPlan } from './plan.ts';
import type { Settings } from './settings.ts';
import { createSite } from './site/site.ts';
import { createUpstreams } from './site/upstreams.ts';

/** What only the front's clients are asked for; behind it, the front is the only client, on the loopback. */
const BEHIND_THE_FRONT: Partial<Settings> = { forwardedAllowIps: ['127.0.0.1'], proxyProtocol: 'off' };

function settingsOf({ settings, role }: WorkerPlan): Settings {
  return role.kind === 'front' ? settings : { ...settings, ...BEHIND_THE_FRONT };
}

/** How often a worker tells its master what it does. */
const REPORT_MS = 1000;

/** A worker process from its start to its end: joins the master, builds its application, serves, drains. */
export async function runWorker(): Promise<void> {
  const master = joinMaster();
  const plan = master.data as WorkerPlan;
  const pool = plan.role.kind === 'front' ? 'front' : plan.role.pool;
  const log = createLog({
    level: plan.settings.logLevel,
    format: plan.settings.logFormat,
    process: `${pool} worker ${master.id}`,
  });
  surviveStrayErrors(log);
  try {
    const app = identify(await buildApplication(plan, log), master, pool);
    await serve(app, master, settingsOf(plan), log);
  } catch (error) {
    await master.fail(error, { application: error instanceof CommandError });
  }
}

async function buildApplication({ source, role }: WorkerPlan, log: Logger): Promise<Application> {
  const { config, folder } = await loadPlanConfig(source);
  if (role.kind === 'upstream') return loadApplication(role.app, folder);
  return createSite(config, { folder, upstreams: createUpstreams(config, role.addresses, log) });
}

async function serve(app: Application, master: WorkerSide, settings: Settings, log: Logger): Promise<void> {
  const worker = createWorker(app, workerOptions(settings, log));
  await Promise.all(master.fds.map((fd) => worker.listen({ fd, backlog: master.backlog })));
  // The master shows it in its status, and in its log if this process blocks.
  setInterval(() => master.report(worker.stats()), REPORT_MS).unref();
  master.onStop((graceful) => {
    log.debug(worker.stats(), graceful ? 'draining' : 'closing');
    return graceful ? worker.drain(settings.gracefulTimeout * 1000) : worker.close();
  });
  master.ready();
}

/** The message before the details, as async-worker has it; pino has them the other way round. */
function workerLog(log: Logger): NonNullable<WorkerOptions['log']> {
  return {
    error: (message, details = {}) => log.error(details, message),
    warn: (message, details = {}) => log.warn(details, message),
    info: (message, details = {}) => log.info(details, message),
    debug: (message, details = {}) => log.debug(details, message),
  };
}

/** Tells the application which processes serve it. */
function identify(app: Application, master: WorkerSide, pool: string): Application {
  return (environ, startResponse) => {
    environ['highball.master_pid'] = master.masterPid;
    environ['highball.worker_id'] = master.id;
    environ['highball.worker_pid'] = process.pid;
    environ['highball.pool'] = pool;
    return app(environ, startResponse);
  };
}

function workerOptions(settings: Settings, log: Logger): WorkerOptions {
  return {
    log: workerLog(log),
    environ: {
      forwardedAllowIps: settings.forwardedAllowIps,
      headerMap: settings.headerMap,
      multiprocess: settings.workers !== 1,
    },
    keepAliveTimeoutMs: settings.keepAlive * 1000,
    headTimeoutMs: settings.headTimeout * 1000,
    bodyGraceMs: settings.bodyTimeout * 1000,
    requestTimeoutMs: settings.requestTimeout * 1000,
    proxyProtocol: settings.proxyProtocol,
    proxyAllowIps: settings.proxyAllowIps,
    workerConnections: settings.workerConnections,
    maxBodyBytes: settings.limitRequestBody || Number.POSITIVE_INFINITY,
    parser: {
      maxRequestLineBytes: settings.limitRequestLine,
      maxFields: settings.limitRequestFields,
      maxFieldBytes: settings.limitRequestFieldSize,
    },
  };
}

/** An error that an application throws outside any request must not take the other requests with it. */
function surviveStrayErrors(log: Logger): void {
  process.on('uncaughtException', (err) => log.error({ err }, 'an error outside any request'));
  process.on('unhandledRejection', (err) => log.error({ err }, 'a rejected promise that nobody handles'));
}

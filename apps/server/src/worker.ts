import { createWorker, type MakeErrorPage } from '@highball/async-worker';
import type { Identity } from '@highball/daemon';
import type { Application } from '@highball/gateway-protocol';
import { joinMaster, type WorkerSide } from '@highball/prefork-master/worker';
import { Lifecycle } from './application/lifecycle.ts';
import { runApplication } from './application/run-application.ts';
import { CommandError } from './errors.ts';
import { HookRunner, type Hooks } from './hooks.ts';
import { createLog, type Logger } from './log.ts';
import { type LogFile, openLogFile } from './log-file.ts';
import type { LoadedConfig } from './load-config.ts';
import { loadPlanConfig, type PlanRole, type WorkerPlan } from './plan.ts';
import { createMaxRequests } from './max-requests.ts';
import type { Settings } from './settings.ts';
import { SiteCaches } from './site/caches.ts';
import { refusalPages, sitePages } from './site/error-pages.ts';
import { runsOwnCode } from './site/own-code.ts';
import { createSite } from './site/site.ts';
import { createUpstreams, type Upstreams } from './site/upstreams.ts';
import type { FrontSockets } from './tls/plan.ts';
import { securedAt } from './tls/schemes.ts';
import { recycleOnStrayErrors } from './stray-errors.ts';
import { type HookedApplication, hookRequests, workerContext } from './worker-hooks.ts';
import { logAccess } from './worker-access-log.ts';
import { type WorkerLog, workerLog } from './worker-log.ts';
import { answerQuestion, type Questioned, type WorkerQuestion } from './worker-questions.ts';
import { environOptions, workerOptions } from './worker-options.ts';
import { createReporter } from './worker-report.ts';
import { noteTasks } from './worker-tasks.ts';

/** What only the front's clients are asked for; behind it, the front is the only client. */
const BEHIND_THE_FRONT: Partial<Settings> = {
  forwardedAllowIps: ['unix', '127.0.0.1'],
  protocol: 'http',
  proxyProtocol: 'off',
  // The front has taken it off the path.
  rootPath: '',
  // And has its line.
  accessLog: '',
};

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
  try {
    // First of all: nothing of the application, and no file that it names, is to be opened with the master's rights.
    if (plan.identity) await become(plan.identity);
    const log = createWorkerLog(plan.settings, master, `${pool} worker ${master.id}`);
    recycleOnStrayErrors(process, master, log);
    await build(plan, master, pool, log);
  } catch (error) {
    await master.fail(error, { application: error instanceof CommandError });
  }
}

/** Takes a user's rights; what the server itself consists of is loaded while it can be read for certain. */
async function become(identity: Identity): Promise<void> {
  const { dropPrivileges } = await import('@highball/daemon');
  const { loadAllParts } = await import('./worker-parts.ts');
  await loadAllParts();
  dropPrivileges(identity);
}

function createWorkerLog(settings: Settings, master: WorkerSide, name: string): Logger {
  const file: LogFile | undefined = settings.errorLog === '-' ? undefined : openLogFile(settings.errorLog);
  const { logLevel: level, logFormat: format } = settings;
  const log = createLog({ level, format, process: name, ...(file && { target: file }) });
  master.onReopenLogs(() => {
    try {
      file?.reopen();
    } catch (err) {
      log.error({ err }, 'the log file cannot be opened anew; this worker writes to the old one');
    }
  });
  return log;
}

async function build(plan: WorkerPlan, master: WorkerSide, pool: string, log: Logger): Promise<void> {
  const { role } = plan;
  if (role.kind === 'keeper') {
    const { runKeeper } = await import('./keeper-worker.ts');
    return runKeeper(master);
  }
  const { config, folder } = await loadPlanConfig(plan.source);
  const hooks = new HookRunner(config.hooks as Hooks | undefined, log);
  const context = workerContext(master, pool);
  await hooks.run('postFork', context);
  const lifecycle = new Lifecycle();
  const packageLog = workerLog(log);
  const parts = { log, packageLog, lifecycle };
  const built = await buildApplication(role, plan.settings, { config, folder }, parts);
  await hooks.run('postWorkerInit', context);
  const noted = noteTasks(hookRequests(built.app, hooks, context), master.watchTasks());
  const hooked = role.kind === 'upstream' && role.tellsLoad ? await withLoad(noted) : noted;
  const settings = settingsOf(plan);
  const logged = await logAccess(hooked, settings, { master, lifecycle, log: packageLog });
  const { upstreams, caches, pages } = built;
  master.onAsk((question) => answerQuestion(question as WorkerQuestion, { upstreams, caches }));
  const { sockets } = plan;
  const batchWrites = role.kind === 'front' && !runsOwnCode(config);
  await serve(logged, master, settings, { ...parts, pool, hooks, upstreams, pages, sockets, batchWrites });
}

async function withLoad(app: HookedApplication): Promise<HookedApplication> {
  const { tellLoad } = await import('./upstream/load.ts');
  return tellLoad(app);
}

async function buildApplication(
  role: Exclude<PlanRole, { kind: 'keeper' }>,
  settings: Settings,
  { config, folder }: LoadedConfig,
  { log, packageLog, lifecycle }: Pick<WorkerParts, 'log' | 'packageLog' | 'lifecycle'>,
): Promise<BuiltApplication> {
  const caches = new SiteCaches(role.kind === 'front' ? role.caches : undefined);
  const run = (spec: string): Promise<Application> =>
    runApplication(spec, folder, { settings, lifecycle, log: packageLog });
  if (role.kind === 'upstream')
    return { app: await run(role.app), upstreams: undefined, caches, pages: undefined };
  const upstreams = await createUpstreams(config, { addresses: role.addresses, folder, log });
  upstreams.drainOnly(role.drained);
  lifecycle.onDrain(() => upstreams.rest());
  lifecycle.onStop(() => upstreams.close());
  await upstreams.start();
  const { keeper } = role;
  const context = { folder, upstreams, run, lifecycle, keeper, caches, log: packageLog };
  const pages = await sitePages(config, folder);
  return {
    app: await createSite(config, context),
    upstreams,
    caches,
    pages: pages && refusalPages(pages),
  };
}

/** An application, and what the master may ask about. */
interface BuiltApplication extends Questioned {
  app: Application;
  pages: MakeErrorPage | undefined;
}

/** What a worker has besides its application and its settings. */
interface WorkerParts {
  /** Of which it is one. */
  pool: string;
  log: Logger;
  /** The same, as packages take it. */
  packageLog: WorkerLog;
  hooks: HookRunner;
  lifecycle: Lifecycle;
  /** The servers behind the front. */
  upstreams: Upstreams | undefined;
  /** What the server itself has to say, where the configuration has pages for it. */
  pages: MakeErrorPage | undefined;
  /** How it listens, where it is one of the front. */
  sockets: FrontSockets | undefined;
  /** Whether answers wait for the end of the loop's turn, to leave together. */
  batchWrites: boolean;
}

async function serve(
  hooked: HookedApplication,
  master: WorkerSide,
  settings: Settings,
  { pool, log, packageLog, hooks, lifecycle, upstreams, pages, sockets, batchWrites }: WorkerParts,
): Promise<void> {
  const proxies = upstreams !== undefined && upstreams.size > 0;
  const worker = createWorker(hooked.app, {
    ...workerOptions(settings, packageLog, sockets?.tls),
    batchWrites,
    environ: environOptions(settings, { masterPid: master.masterPid, id: master.id, pool }, proxies),
    ...(pages && { errorPage: pages }),
    ...(hooked.onResponse && { onResponse: hooked.onResponse }),
    onConnections: (connections) => balance.update(connections),
  });
  // Who has more connections than the others leaves the next to them.
  const balance = master.balance({ pause: () => worker.hold(), resume: () => worker.release() });
  const { addresses, backlog } = master;
  await Promise.all(
    master.fds.map((fd, index) => {
      const tls = securedAt(sockets?.secured ?? [], addresses, index);
      return worker.listen({ fd, backlog, ...(tls !== null && { tls }) });
    }),
  );
  // The master shows it in its status, and in its log if this process blocks.
  const report = createReporter(
    () => worker.stats(),
    () => upstreams?.report() ?? [],
  );
  const limit = createMaxRequests(settings);
  const tell = (): void => {
    const current = report();
    master.report(current);
    if (limit.reached(current.requests)) master.recycle(`it has answered ${current.requests} requests`);
  };
  setInterval(tell, REPORT_MS).unref();
  let exited: Promise<void> | undefined;
  const graceMs = settings.gracefulTimeout * 1000;
  master.onStop(async (graceful, retired) => {
    log.debug(worker.stats(), graceful ? 'draining' : 'closing');
    lifecycle.drain();
    if (!graceful) await hooks.run('workerInt', hooked.context);
    // What clients hold open outlives the replacement of a worker, not the end of the server.
    if (graceful) await (retired ? worker.retire(graceMs) : worker.drain(graceMs));
    else await worker.close();
    await lifecycle.stop(graceful, (err) => log.error({ err }, 'the application did not stop as it should'));
    // A quick stop may have overtaken a graceful one: both come here.
    exited ??= hooks.run('workerExit', hooked.context);
    await exited;
  });
  master.ready();
  tell();
}

import type { WorkerOptions } from '@highball/async-worker';
import type { Settings } from './settings.ts';
import type { WorkerLog } from './worker-log.ts';

/** What a worker's settings are to @highball/async-worker. */
export function workerOptions(settings: Settings, log: WorkerLog): WorkerOptions {
  return {
    log,
    environ: {
      forwardedAllowIps: settings.forwardedAllowIps,
      headerMap: settings.headerMap,
      multiprocess: settings.workers !== 1,
      rootPath: settings.rootPath,
    },
    keepAliveTimeoutMs: settings.keepAlive * 1000,
    headTimeoutMs: settings.headTimeout * 1000,
    bodyGraceMs: settings.bodyTimeout * 1000,
    requestTimeoutMs: settings.requestTimeout * 1000,
    protocol: settings.protocol,
    uwsgiAllowIps: settings.uwsgiAllowIps,
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

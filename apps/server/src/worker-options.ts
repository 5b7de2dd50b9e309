import type { WorkerOptions } from '@highball/async-worker';
import type { Settings } from './settings.ts';
import { tlsOptions, type TlsPlan } from './tls/plan.ts';
import type { WorkerLog } from './worker-log.ts';
import { TASK } from './worker-tasks.ts';

/** Which processes serve an application, as its environ tells. */
export interface Servers {
  readonly masterPid: number;
  /** The worker's number. */
  readonly id: number;
  readonly pool: string;
}

/** What requests through a proxy have in their environ besides. */
const PROXY_KEYS = [
  'highball.request_id',
  'highball.upstream_addr',
  'highball.upstream_attempts',
  'highball.upstream_reused',
  'highball.upstream_status',
  'highball.upstream_connect_time',
  'highball.upstream_header_time',
  'highball.upstream_response_time',
];

/** What is in each environ. @param proxies - whether requests may be passed on. */
export function environOptions(
  settings: Settings,
  { masterPid, id, pool }: Servers,
  proxies: boolean,
): NonNullable<WorkerOptions['environ']> {
  return {
    forwardedAllowIps: settings.forwardedAllowIps,
    headerMap: settings.headerMap,
    multiprocess: settings.workers !== 1,
    rootPath: settings.rootPath,
    reservedKeys: proxies ? [TASK, ...PROXY_KEYS] : [TASK],
    constants: {
      'highball.master_pid': masterPid,
      'highball.worker_id': id,
      'highball.worker_pid': process.pid,
      'highball.pool': pool,
    },
  };
}

/** What a worker's settings are to @highball/async-worker. */
export function workerOptions(
  settings: Settings,
  log: WorkerLog,
  tls?: TlsPlan,
): Omit<WorkerOptions, 'environ'> {
  return {
    log,
    keepAliveTimeoutMs: settings.keepAlive * 1000,
    headTimeoutMs: settings.headTimeout * 1000,
    bodyGraceMs: settings.bodyTimeout * 1000,
    writeTimeoutMs: settings.writeTimeout * 1000,
    writeMinRateBytes: settings.writeMinRate,
    requestTimeoutMs: settings.requestTimeout * 1000,
    protocol: settings.protocol,
    http2: settings.http2,
    ...(tls && { tls: tlsOptions(tls) }),
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

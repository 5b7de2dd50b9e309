import * as v from 'valibot';
import { type Declarations, number, oneOf, whole } from './setting.ts';

/** How many workers there are, and how each of them runs the application. */
export interface WorkerSettings {
  /** Worker processes; `auto` is one a core. @default 1 for serve, auto elsewhere */
  workers: number | 'auto';
  /** How a worker runs the application: on its event loop, one request at a time, or in threads. @default 'async' */
  workerClass: 'async' | 'sync' | 'threads';
  /** Threads of each worker of the class `threads`. @default 4 */
  threads: number;
  /** What the application is; `auto` recognises it. @default 'auto' */
  interface: 'auto' | 'wsgi' | 'asgi' | 'node' | 'fetch';
  /** Connections a worker holds at the same time; beyond it they wait. @default 1000 */
  workerConnections: number;
  /** Seconds without a sign of life after which a worker is killed and replaced. @default 30 */
  timeout: number;
  /** Seconds a worker gets to finish its requests when it is stopped. @default 30 */
  gracefulTimeout: number;
  /**
   * Seconds for which a worker that was replaced keeps the WebSockets and streams that its clients hold open; never
   * less than `gracefulTimeout`. @default 3600
   */
  retireTimeout: number;
  /** Seconds in which a worker must be ready. @default 60 */
  bootTimeout: number;
}

export const workerSettings: Declarations<WorkerSettings> = {
  workers: {
    group: 'Workers',
    flag: '-w, --workers <count>',
    env: ['WEB_CONCURRENCY'],
    help: "worker processes, or 'auto' for one a core",
    expects: "a whole number from 1 to 1024, or 'auto'",
    schema: v.union([whole(1, 1024), v.literal('auto')]),
    default: 'auto',
    defaultText: '1 for serve, else auto',
    applies: 'reload',
  },
  workerClass: {
    group: 'Workers',
    flag: '-k, --worker-class <class>',
    help: 'how a worker runs the application: async (its event loop), sync (one request at a time) or threads',
    expects: 'async, sync or threads',
    schema: oneOf(['async', 'sync', 'threads']),
    default: 'async',
    applies: 'reload',
  },
  threads: {
    group: 'Workers',
    flag: '--threads <count>',
    help: 'threads of each worker of the class threads',
    expects: 'a whole number from 1 to 256',
    schema: whole(1, 256),
    default: 4,
    applies: 'reload',
  },
  interface: {
    group: 'Workers',
    flag: '--interface <kind>',
    help: 'what the application is: wsgi, asgi, node (req, res), fetch, or auto to recognise it',
    expects: 'auto, wsgi, asgi, node or fetch',
    schema: oneOf(['auto', 'wsgi', 'asgi', 'node', 'fetch']),
    default: 'auto',
    applies: 'reload',
  },
  workerConnections: {
    group: 'Workers',
    flag: '--worker-connections <count>',
    help: 'connections a worker holds at the same time',
    expects: 'a whole number from 1 to 1000000',
    schema: whole(1, 1_000_000),
    default: 1000,
    applies: 'reload',
  },
  timeout: {
    group: 'Workers',
    flag: '-t, --timeout <seconds>',
    help: 'a worker that gives no sign of life for so long is replaced',
    expects: 'seconds, from 1 to 86400',
    schema: number(1, 86_400),
    default: 30,
    applies: 'upgrade',
  },
  gracefulTimeout: {
    group: 'Workers',
    flag: '--graceful-timeout <seconds>',
    help: 'a stopping worker may take so long to finish its requests',
    expects: 'seconds, from 0 to 86400',
    schema: number(0, 86_400),
    default: 30,
    applies: 'upgrade',
  },
  retireTimeout: {
    group: 'Workers',
    flag: '--retire-timeout <seconds>',
    help: 'a worker that was replaced may keep WebSockets and streams for so long, or for the graceful timeout if that is longer',
    expects: 'seconds, from 0 to 604800',
    schema: number(0, 604_800),
    default: 3600,
    applies: 'upgrade',
  },
  bootTimeout: {
    group: 'Workers',
    flag: '--boot-timeout <seconds>',
    help: 'a worker must be ready within this time',
    expects: 'seconds, from 1 to 86400',
    schema: number(1, 86_400),
    default: 60,
    applies: 'upgrade',
  },
};

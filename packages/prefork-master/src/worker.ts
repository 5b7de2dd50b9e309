export type { AcceptBalance, Accepting } from './accept-balance.ts';
export type { FdTarget, ListenTarget, TcpTarget, UnixTarget } from './bind.ts';
export { joinMaster } from './join-master.ts';
export type { TaskLog } from './watchdog.ts';
export type { AskCallback, StopCallback, WorkerSide } from './worker-side.ts';

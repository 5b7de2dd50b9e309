export type { BackoffOptions } from './backoff.ts';
export type { AutoscaleOptions } from './autoscale.ts';
export { formatBind, parseBind } from './bind.ts';
export type { FdTarget, ListenTarget, TcpTarget, UnixTarget } from './bind.ts';
export type { Clock } from './clock.ts';
export { BindError, MasterError, MisuseError, UpgradeError, WorkerError } from './errors.ts';
export type {
  BindErrorCode,
  ExitCode,
  MasterErrorCode,
  MisuseCode,
  UpgradeErrorCode,
  WorkerErrorCode,
} from './errors.ts';
export type { MasterEvents, WorkerIdentity } from './events.ts';
export { predecessorPid } from './handover.ts';
export type { LowMemoryLimit } from './memory-limit.ts';
export { createMaster } from './master.ts';
export type { AskOptions, Master } from './master.ts';
export type {
  Child,
  CommandProgram,
  Logger,
  MasterOptions,
  ScriptProgram,
  Spawn,
  WorkerProgram,
} from './options.ts';
export type { OtherMaster } from './other-master.ts';
export type { ReloadChanges, WorkerReply } from './pool.ts';
export type { Reply } from './questions.ts';
export { handleSignals } from './signals.ts';
export type { SignalHandlers, SignalSource, SignalTarget } from './signals.ts';
export type { WorkerStatus } from './slot.ts';
export type { Sharing } from './socket-table.ts';
export type { MasterState, MasterStatus, QueueStatus } from './status.ts';
export { systemdSockets } from './systemd-sockets.ts';
export type { Successor, UpgradeOptions, UpgradeProgram } from './upgrade-types.ts';
export { otherMaster } from './upgrader.ts';
export type { WorkerExit } from './worker-exit.ts';
export type { AskCallback } from './worker-side.ts';
export type { WorkerState } from './worker-state.ts';

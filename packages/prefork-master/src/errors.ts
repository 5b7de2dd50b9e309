/** The exit status a program ends with when this error stopped it: gunicorn's 3 for boot, 4 for the application. */
export type ExitCode = 0 | 3 | 4;

/** Everything that can be wrong with an address to listen on. */
export type BindErrorCode =
  | 'bind-syntax'
  | 'address-in-use'
  | 'address-unavailable'
  | 'host-unknown'
  | 'permission'
  | 'socket-path'
  | 'not-a-socket'
  | 'bind-failed'
  | 'unsupported-runtime';

/** Everything that can be wrong with a worker that was to come up. */
export type WorkerErrorCode = 'worker-boot' | 'worker-boot-timeout' | 'application';

/** Everything that can be wrong with a new master. */
export type UpgradeErrorCode = 'upgrade-failed' | 'upgrade-timeout';

/** Everything the calling program can do wrong. */
export type MisuseCode = 'invalid-option' | 'invalid-state' | 'not-a-worker';

export type MasterErrorCode = BindErrorCode | WorkerErrorCode | UpgradeErrorCode | MisuseCode | 'stopped';

/** The base of all errors of this package. The message names the thing and the mend. */
export class MasterError extends Error {
  override readonly name: string = 'MasterError';
  readonly code: MasterErrorCode;
  readonly exitCode: ExitCode;

  constructor(code: MasterErrorCode, message: string, exitCode: ExitCode = 3, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.exitCode = exitCode;
  }
}

/** An address that cannot be listened on: the surroundings are at fault. */
export class BindError extends MasterError {
  override readonly name = 'BindError';
  declare readonly code: BindErrorCode;

  constructor(code: BindErrorCode, message: string, options?: ErrorOptions) {
    super(code, message, 3, options);
  }
}

/** A worker that did not come up: its program is at fault. */
export class WorkerError extends MasterError {
  override readonly name = 'WorkerError';
  declare readonly code: WorkerErrorCode;

  constructor(code: WorkerErrorCode, message: string, options?: ErrorOptions) {
    super(code, message, code === 'application' ? 4 : 3, options);
  }
}

/** A new master that did not come up: its program is at fault, and the old one has served on. */
export class UpgradeError extends MasterError {
  override readonly name = 'UpgradeError';
  declare readonly code: UpgradeErrorCode;

  constructor(code: UpgradeErrorCode, message: string, options?: ErrorOptions) {
    super(code, message, 3, options);
  }
}

/** A call or an option that makes no sense: the calling program is at fault. */
export class MisuseError extends MasterError {
  override readonly name = 'MisuseError';
  declare readonly code: MisuseCode;

  constructor(code: MisuseCode, message: string) {
    super(code, message, 3);
  }
}

/** What a start, reload or scaling in progress ends with when the master is told to stop. */
export function stoppedError(): MasterError {
  return new MasterError('stopped', 'the master was told to stop', 0);
}

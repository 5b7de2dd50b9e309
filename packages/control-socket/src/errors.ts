/** What is wrong with a socket, its other end, or a call. */
export type ControlErrorCode =
  /** Somebody listens on the path already. */
  | 'in-use'
  /** The path cannot be bound: its folder, a file of another kind, its length. */
  | 'path'
  /** Nobody listens on the path. */
  | 'not-running'
  /** The file permissions keep this user out. */
  | 'permission'
  /** The other end has closed, or does not speak the protocol. */
  | 'disconnected'
  /** No answer within the deadline. */
  | 'timeout'
  /** The server knows no such command; the message lists those that it knows. */
  | 'unknown-command'
  /** The server could not read the request. */
  | 'invalid-request'
  /** Too many clients, or too many calls of one. */
  | 'busy'
  /** The command itself has failed; the message is its own. */
  | 'failed';

/** The base of all errors of this package; a fault of the surroundings or of the other end. */
export class ControlError extends Error {
  override readonly name: string = 'ControlError';
  readonly code: ControlErrorCode;

  constructor(code: ControlErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** A command throws it, or lets its validation do so, when its arguments make no sense: a fault of the caller. */
export class InvalidArgumentsError extends ControlError {
  override readonly name = 'InvalidArgumentsError';

  constructor(message: string) {
    super('invalid-request', message);
  }
}

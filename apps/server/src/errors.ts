/** Something that the person at the command line can mend: shown as one line, without a stack. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  /** The exit code of the command: 1 usage, 3 a worker did not boot, 4 the application did not load. */
  readonly exitCode: number;

  constructor(message: string, options: { exitCode?: number; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.exitCode = options.exitCode ?? 1;
  }
}

/** The exit code that says that no worker could start (gunicorn's WORKER_BOOT_ERROR). */
export const WORKER_BOOT_ERROR = 3;

/** The exit code that says that the application could not be loaded (gunicorn's APP_LOAD_ERROR). */
export const APP_LOAD_ERROR = 4;

/** An application that could not be loaded. */
export function applicationError(message: string, cause?: unknown): CommandError {
  return new CommandError(message, { exitCode: APP_LOAD_ERROR, cause });
}

/** Does something for a key of the configuration: what a package says of it is said of that place. */
export async function at<Made>(place: string, act: () => Made | Promise<Made>): Promise<Made> {
  try {
    return await act();
  } catch (cause) {
    if (cause instanceof CommandError) throw cause;
    throw new CommandError(`${place}: ${messageOf(cause)}`, { cause });
  }
}

/** The message of whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** One line out of a message of several. */
export function oneLine(text: string): string {
  return text.replaceAll(/\s*\n\s*/g, ' ').trim();
}

/** The exit code that an error asks for: the packages that know one have it as a property. */
export function exitCodeOf(error: unknown): number {
  const { exitCode } = (error instanceof Error ? error : {}) as { exitCode?: unknown };
  return typeof exitCode === 'number' ? exitCode : 1;
}

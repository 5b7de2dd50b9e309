import { readPidfile } from '@highball/daemon';
import { CommandError } from '../errors.ts';
import { livingSockets, socketOf } from '../service/default-socket.ts';

/** What names a server. */
export interface ServerName {
  /** The path of its control socket. */
  socket?: string | undefined;
  /** Its pidfile. */
  pid?: string | undefined;
}

/**
 * The control socket of the server that is meant: the one that is named, by itself, by a pidfile or by
 * `$HIGHBALL_CONTROL_SOCKET`, or the only one of this user that runs.
 * @throws CommandError when there is none, or more than one.
 */
export function findSocket({ socket, pid }: ServerName, env: NodeJS.ProcessEnv = process.env): string {
  if (socket !== undefined) return socket;
  if (pid !== undefined) return socketOf(pidIn(pid));
  const named = env['HIGHBALL_CONTROL_SOCKET'];
  if (named && named !== 'auto' && named !== 'off') return named;
  const [first, ...others] = livingSockets();
  if (first === undefined) {
    throw new CommandError(
      'no server of this user runs with the usual control socket; name one by --socket PATH',
    );
  }
  if (others.length === 0) return first.path;
  const pids = [first, ...others].map((server) => server.pid).join(', ');
  throw new CommandError(`several servers run (pid ${pids}); name one by --socket PATH or --pid FILE`);
}

function pidIn(file: string): number {
  const pid = readPidfile(file);
  if (pid !== undefined) return pid;
  throw new CommandError(`there is no pid in ${file}; is the server running?`);
}

import type { FdTarget } from './bind.ts';
import { findPredecessor } from './handover.ts';

/** What systemd numbers its sockets from: sd_listen_fds(3), SD_LISTEN_FDS_START. */
const FIRST_SYSTEMD_FD = 3;
/** More than any unit has: a mistaken number must not fill the memory. */
const MAX_SYSTEMD_FDS = 1024;

/**
 * The sockets that systemd, or any launcher that speaks its protocol, has handed to this process, with their names;
 * none when it has not, or when they were meant for another process. See sd_listen_fds_with_names(3).
 *
 * A master that was started by an upgrade gets the list of the first one, since what was meant for that is handed on.
 */
export function systemdSockets(
  env: Readonly<Record<string, string | undefined>> = process.env,
  pid: number = process.pid,
  inherited: readonly FdTarget[] = findPredecessor()?.launcherSockets ?? [],
): readonly FdTarget[] {
  const count = Number(env['LISTEN_FDS'] ?? 0);
  if (Number(env['LISTEN_PID']) !== pid || !Number.isInteger(count) || count < 1) return inherited;
  const names = (env['LISTEN_FDNAMES'] ?? '').split(':');
  return Array.from({ length: Math.min(count, MAX_SYSTEMD_FDS) }, (_, index) => {
    const name = names[index];
    return { fd: FIRST_SYSTEMD_FD + index, ...(name && { name }) };
  });
}

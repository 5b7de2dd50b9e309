/** The environment variable by which a master tells its successor its pid, as gunicorn's GUNICORN_PID. */
const VARIABLE = 'HIGHBALL_OLD_MASTER';

/** From now on processes that this one starts are its successors. */
export function announcePredecessor(): void {
  process.env[VARIABLE] = String(process.pid);
}

/** An upgrade is over or has failed: processes that this one starts are workers and nothing else. */
export function withdrawPredecessor(): void {
  delete process.env[VARIABLE];
}

/** The pid of the master that this process is to replace; undefined in one that was started by hand. Ask it once. */
export function takePredecessor(): number | undefined {
  const pid = Number(process.env[VARIABLE]);
  withdrawPredecessor();
  // A stranger's variable, left in an environment, makes nobody a successor.
  if (pid !== process.ppid) return undefined;
  // systemd's watchdog was meant for the main process, and that is this one now: sd_watchdog_enabled(3).
  if (Number(process.env['WATCHDOG_PID']) === pid) process.env['WATCHDOG_PID'] = String(process.pid);
  return pid;
}

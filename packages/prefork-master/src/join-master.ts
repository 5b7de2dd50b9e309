import { MisuseError } from './errors.ts';
import { Member } from './member.ts';
import { WORKER_VARIABLE, type WorkerFacts } from './protocol.ts';
import type { WorkerSide } from './worker-side.ts';

let member: WorkerSide | undefined;

/**
 * Joins the master that started this process. From now on the event loop is watched, SIGTERM and SIGQUIT stop the
 * worker, and SIGINT and SIGHUP, which a terminal sends to everyone, are left to the master.
 * @throws {MisuseError} `not-a-worker` where no master has started this process.
 */
export function joinMaster(): WorkerSide {
  member ??= new Member(readFacts());
  return member;
}

function readFacts(): WorkerFacts {
  const text = process.env[WORKER_VARIABLE];
  if (text === undefined || !process.connected) {
    throw new MisuseError('not-a-worker', 'no master has started this process; run it by createMaster()');
  }
  // Not for the processes that this one starts.
  delete process.env[WORKER_VARIABLE];
  delete process.env['LISTEN_FDS'];
  return JSON.parse(text) as WorkerFacts;
}

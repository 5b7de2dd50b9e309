import { type Handover, UPGRADE_VARIABLE } from './handover.ts';
import type { Child, Spawn } from './options.ts';
import { FIRST_SOCKET_FD } from './protocol.ts';
import type { HandedSocket } from './socket-table.ts';
import { systemdSockets } from './systemd-sockets.ts';
import type { UpgradeMember, UpgradeProgram } from './upgrade-types.ts';

/** Starts a new master process: it inherits the sockets of these masters from descriptor 3 on, and an IPC channel. */
export function launchMaster(
  spawn: Spawn,
  members: ReadonlyMap<string, UpgradeMember>,
  program: UpgradeProgram = ownProgram(),
): Child {
  const fds: number[] = [];
  const pools: Record<string, HandedSocket[]> = {};
  for (const [key, member] of members) {
    const renumbered: HandedSocket[] = [];
    for (const socket of member.handOver())
      renumbered.push({ ...socket, fd: FIRST_SOCKET_FD + fds.push(socket.fd) - 1 });
    pools[key] = renumbered;
  }
  const handover: Handover = {
    masterPid: process.pid,
    pools,
    launcherSockets: systemdSockets(),
  };
  return spawn(program.command, program.args ?? [], {
    ...(program.cwd !== undefined && { cwd: program.cwd }),
    env: environment(program, handover),
    stdio: ['inherit', 'inherit', 'inherit', ...fds, 'ipc'],
  });
}

function ownProgram(): UpgradeProgram {
  return { command: process.execPath, args: [...process.execArgv, ...process.argv.slice(1)] };
}

function environment(program: UpgradeProgram, handover: Handover): NodeJS.ProcessEnv {
  return {
    ...process.env,
    ...program.env,
    // They name this process: the new one finds its sockets in the handover.
    LISTEN_FDS: undefined,
    LISTEN_PID: undefined,
    LISTEN_FDNAMES: undefined,
    [UPGRADE_VARIABLE]: JSON.stringify(handover),
  };
}

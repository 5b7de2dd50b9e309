import type { UpgradeError } from './errors.ts';
import type { Emit } from './events.ts';
import type { Logger } from './options.ts';

/** What can happen between two masters; the pid is that of the other one. */
export type UpgradeTurn =
  | { readonly event: 'upgrade' }
  | { readonly event: 'upgradeReady'; readonly pid: number }
  | { readonly event: 'upgradeFailed'; readonly error: UpgradeError }
  | { readonly event: 'upgradeLost'; readonly pid: number }
  | { readonly event: 'promoted'; readonly pid: number };

/** Tells it to the log and as an event. */
export function announceUpgrade(turn: UpgradeTurn, log: Logger, emit: Emit): void {
  switch (turn.event) {
    case 'upgrade':
      log.info({}, 'starting a new master on the same sockets');
      return emit('upgrade');
    case 'upgradeReady':
      log.info({ successor: turn.pid }, `the new master (pid ${turn.pid}) is in service`);
      return emit('upgradeReady', turn.pid);
    case 'upgradeFailed':
      log.error({ err: turn.error }, `${turn.error.message}; this master serves on`);
      return emit('upgradeFailed', turn.error);
    case 'upgradeLost':
      log.warn({ successor: turn.pid }, `the new master (pid ${turn.pid}) has ended; this one serves on`);
      return emit('upgradeLost', turn.pid);
    case 'promoted':
      log.info({ predecessor: turn.pid }, `the old master (pid ${turn.pid}) is gone`);
      return emit('promoted', turn.pid);
    default:
  }
}

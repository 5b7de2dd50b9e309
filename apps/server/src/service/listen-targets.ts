import { type ListenTarget, systemdSockets } from '@highball/prefork-master';
import type { SettingOrigin } from '../resolve-settings.ts';
import type { Settings } from '../settings.ts';
import { readBind } from '../tls/schemes.ts';

/**
 * Where the front listens: on the sockets that systemd has opened, if it has, else on those of `bind`.
 * @param ignored - told when a `bind` that somebody has written down does not count.
 * @throws BindError when an address is none.
 */
export function listenTargets(
  settings: Settings,
  origins: readonly SettingOrigin[],
  ignored: (bind: string) => void,
): readonly ListenTarget[] {
  const targets = settings.bind.map((address) => readBind(address).target);
  const sockets = systemdSockets();
  if (sockets.length === 0) return targets;
  const origin = origins.find(({ name }) => name === 'bind')?.origin;
  if (origin !== 'default') ignored(settings.bind.join(', '));
  return sockets;
}

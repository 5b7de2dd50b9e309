import { type ListenTarget, parseBind, systemdSockets } from '@highball/prefork-master';
import { isDeepStrictEqual } from 'node:util';
import type { Settings } from '../settings.ts';

/** Whether TLS is spoken at an address; null where nothing is said of it: on TCP, where there is a certificate. */
export type Secured = boolean | null;

/** An address of `bind`. */
export interface BoundTarget {
  readonly target: ListenTarget;
  readonly secured: Secured;
}

const SCHEME = /^(https?):\/\//;

/**
 * Reads an address of `bind`, which may begin with `https://` or `http://`.
 * @throws BindError when it is none.
 */
export function readBind(text: string): BoundTarget {
  const scheme = SCHEME.exec(text)?.[1];
  const target = parseBind(text.replace(SCHEME, ''));
  return { target, secured: scheme === undefined ? null : scheme === 'https' };
}

/** What is said of the sockets of the front, in their order: by `bind`, or by the names that systemd gives them. */
export function securedOf({ bind }: Pick<Settings, 'bind'>): readonly Secured[] {
  const sockets = systemdSockets();
  if (sockets.length === 0) return bind.map((address) => readBind(address).secured);
  return sockets.map(({ name }) => (name === 'https' ? true : name === 'http' ? false : null));
}

/**
 * What is said of one of a worker's sockets: behind those of the front come others of the same addresses, which it takes
 * care of.
 */
export function securedAt(
  secured: readonly Secured[],
  addresses: readonly ListenTarget[],
  index: number,
): Secured {
  const first = addresses.findIndex((address) => isDeepStrictEqual(address, addresses[index]));
  return secured[index] ?? secured[first] ?? null;
}

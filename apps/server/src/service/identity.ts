import { type Identity, resolveGroup, resolveUser } from '@highball/daemon';
import type { Settings } from '../settings.ts';

/**
 * The user and group that workers become; undefined when nothing is to change.
 * @throws ServiceError when there is no such user or group.
 */
export function resolveIdentity({ user, group }: Pick<Settings, 'user' | 'group'>): Identity | undefined {
  if (user === '' && group === '') return undefined;
  const account = user === '' ? undefined : resolveUser(user);
  const gid = group === '' ? account?.gid : resolveGroup(group);
  return { uid: account?.uid, gid, name: account?.name };
}

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder } from '@highball/testkit';
import { describe, expect, test } from 'vitest';
import { type AccountSources, resolveGroup, resolveUser } from '../src/accounts.ts';

const PASSWD = `root:x:0:0:root:/root:/bin/bash
# a comment: with:colons
web:x:998:997::/srv:/usr/sbin/nologin
broken:x
123:x:500:500::/:/bin/sh
`;
const GROUP = 'root:x:0:\nweb:x:997:\nlogs:x:50:web\n';

async function withFiles(use: (sources: AccountSources) => void): Promise<void> {
  await using folder = await temporaryFolder();
  const passwd = join(folder.path, 'passwd');
  const group = join(folder.path, 'group');
  await Promise.all([writeFile(passwd, PASSWD), writeFile(group, GROUP)]);
  use({ passwd, group, lookup: (_, key) => (key === 'ldap' ? 'ldap:*:7000:7001::/:/bin/sh\n' : undefined) });
}

describe('a user', () => {
  test.each([
    ['web', { uid: 998, gid: 997, name: 'web' }],
    ['998', { uid: 998, gid: 997, name: 'web' }],
    ['123', { uid: 500, gid: 500, name: '123' }],
    ['4000', { uid: 4000, gid: 4000, name: undefined }],
    ['ldap', { uid: 7000, gid: 7001, name: 'ldap' }],
  ])('%s is found', (user, account) =>
    withFiles((sources) => expect(resolveUser(user, sources)).toEqual(account)),
  );

  test.each(['gone', '', '-u', 'broken', 'web:x', '#', '4294967295', '1.5'])('%j is none', (user) =>
    withFiles((sources) => {
      expect(() => resolveUser(user, sources)).toThrow(expect.objectContaining({ code: 'unknown-user' }));
    }),
  );

  test('is found in the files of this machine', () => {
    expect(resolveUser('root')).toEqual({ uid: 0, gid: 0, name: 'root' });
  });
});

describe('a group', () => {
  test.each([
    ['logs', 50],
    ['50', 50],
    ['4000', 4000],
  ])('%s is found', (group, gid) => withFiles((sources) => expect(resolveGroup(group, sources)).toBe(gid)));

  test('that does not exist is named', () =>
    withFiles((sources) => {
      expect(() => resolveGroup('gone', sources)).toThrow(/there is no group 'gone'/);
    }));
});

import { join } from 'node:path';
import { Program } from '@highball/testkit';
import { describe, expect, test } from 'vitest';
import { dropPrivileges } from '../src/privileges.ts';

async function drop(identity: object): Promise<Program> {
  const script = join(import.meta.dirname, 'fixtures/drop-privileges.ts');
  const program = new Program(process.execPath, [script, JSON.stringify(identity)]);
  await program.exited;
  return program;
}

test('the steps come in the order in which each is still allowed, and root is tried in the end', () => {
  const calls: string[] = [];
  let uid = 0;
  dropPrivileges(
    { uid: 998, gid: 997, name: 'web' },
    {
      getuid: () => uid,
      getgid: () => 0,
      initgroups: (user, group) => calls.push(`initgroups ${user} ${group}`),
      setgid: (gid) => calls.push(`setgid ${gid}`),
      setuid: (to) => {
        calls.push(`setuid ${to}`);
        if (to === 0) throw new Error('EPERM');
        uid = to;
      },
    },
  );
  expect(calls).toEqual(['initgroups web 997', 'setgid 997', 'setuid 998', 'setuid 0']);
});

test('rights that can be had back are an error', () => {
  const target = { getuid: () => 0, getgid: () => 0, setgroups: () => 0, setgid: () => 0, setuid: () => 0 };
  expect(() => dropPrivileges({ uid: 998, gid: 997 }, target)).toThrow(
    expect.objectContaining({
      code: 'privileges',
      message: expect.stringContaining('could not be given up'),
    }),
  );
});

test('who is that user already needs no rights', () => {
  const refuse = (): never => {
    throw new Error('EPERM');
  };
  const target = { getuid: () => 5, getgid: () => 5, setgroups: refuse, setgid: refuse, setuid: refuse };
  expect(() => dropPrivileges({ uid: 5 }, target)).not.toThrow();
  expect(() => dropPrivileges({ uid: 6 }, target)).toThrow(
    expect.objectContaining({ code: 'privileges', message: expect.stringContaining('start it as root') }),
  );
});

describe.skipIf(process.getuid?.() !== 0)('a real process of root', () => {
  test('becomes a user without an entry, who has its group alone', async () => {
    const program = await drop({ uid: 64_001, gid: 64_002 });
    expect(JSON.parse(program.stdout)).toEqual({ uid: 64_001, gid: 64_002, groups: [64_002] });
  });

  test('gets the further groups of a user', async () => {
    const program = await drop({ uid: 65_534, gid: 65_534, name: 'nobody' });
    expect(JSON.parse(program.stdout)).toMatchObject({
      uid: 65_534,
      groups: expect.arrayContaining([65_534]),
    });
  });
});

import type { Environ } from '@highball/gateway-protocol';
import { describe, expect, test } from 'vitest';
import { Credentials } from '../src/credentials.ts';
import { hashPassword, parsePasswordHash, verifyPassword } from '../src/password-hash.ts';

const basic = (text: string | Buffer): Environ =>
  ({ HTTP_PROXY_AUTHORIZATION: `Basic ${Buffer.from(text).toString('base64')}` }) as unknown as Environ;
const refused = (code = 'AUTHENTICATION_REQUIRED'): unknown => expect.objectContaining({ code });

/** Costs a thousandth of the default: what is tested is not scrypt. */
const QUICK = 4;

describe('hashes', () => {
  test('a password has its hash, and no other has', async () => {
    const hash = parsePasswordHash(await hashPassword('hunter2', QUICK), 'me');
    expect(await verifyPassword('hunter2', hash)).toBe(true);
    expect(await verifyPassword('hunter3', hash)).toBe(false);
    expect(await verifyPassword('', hash)).toBe(false);
  });

  test('two hashes of a password differ', async () => {
    expect(await hashPassword('x', QUICK)).not.toBe(await hashPassword('x', QUICK));
  });

  test.each([
    '',
    'hunter2',
    '$scrypt$ln=14,r=8,p=5$short$x',
    `$scrypt$ln=30,r=8,p=1$${'A'.repeat(22)}$${'A'.repeat(43)}`,
  ])('%j is no hash, and the complaint does not tell it', (text) => {
    const parse = (): unknown => parsePasswordHash(text, 'me');
    expect(parse).toThrow(expect.objectContaining({ code: 'BAD_PASSWORD_HASH' }));
    if (text !== '') expect(parse).not.toThrow(text);
  });
});

describe('users by hash', async () => {
  const users = { me: await hashPassword('se:cret', QUICK), grüße: await hashPassword('päß', QUICK) };
  const credentials = new Credentials(users);

  test('who knows the password is known by name, again and again', async () => {
    expect(await credentials.authenticate(basic('me:se:cret'))).toBe('me');
    expect(await credentials.authenticate(basic('me:se:cret'))).toBe('me');
    expect(await credentials.authenticate(basic('grüße:päß'))).toBe('grüße');
  });

  test.each([
    'me:wrong',
    'me:',
    'ME:se:cret',
    'nobody:se:cret',
    'me',
    ':',
    '',
    'me:se:cret\n',
    '__proto__:x',
  ])('%j is refused', async (text) =>
    expect(credentials.authenticate(basic(text))).rejects.toEqual(refused()),
  );

  test.each([
    undefined,
    '',
    'Basic',
    'Basic !!!',
    'Bearer bWU6c2U6Y3JldA==',
    'Basic bWU6c2U6Y3JldA==, Basic x',
  ])('the field %j is refused', async (field) => {
    const environ = { HTTP_PROXY_AUTHORIZATION: field } as unknown as Environ;
    await expect(credentials.authenticate(environ)).rejects.toEqual(refused());
  });

  test('bytes that are no UTF-8 are refused, not read as something else', async () => {
    await expect(credentials.authenticate(basic(Buffer.from([0x6d, 0xff, 0x3a, 0x61])))).rejects.toEqual(
      refused(),
    );
  });

  test('the default is what OWASP asks for, and is read back', async () => {
    const text = await hashPassword('hunter2');
    expect(text).toMatch(/^\$scrypt\$ln=14,r=8,p=5\$/);
    expect(await verifyPassword('hunter2', parsePasswordHash(text, 'me'))).toBe(true);
  });

  test('an unknown name takes as long as a known one', async () => {
    const slow = new Credentials({ me: await hashPassword('x', 11) });
    const time = async (text: string): Promise<number> => {
      const from = performance.now();
      await slow.authenticate(basic(text)).catch(() => undefined);
      return performance.now() - from;
    };
    await time('me:warm');
    // By turns, so that a busy machine is busy for both; the least of each is what the work itself takes.
    let [known, unknown] = [Infinity, Infinity];
    for (const word of 'abcdefgh') {
      known = Math.min(known, await time(`me:${word}`));
      unknown = Math.min(unknown, await time(`${word}:${word}`));
    }
    // Without the work for nobody it would be a hundredth.
    expect(unknown).toBeGreaterThan(known / 4);
  });

  test('a flood of wrong passwords is turned away before it takes all the threads', async () => {
    await credentials.authenticate(basic('me:se:cret'));
    const attempts = Array.from({ length: 40 }, (_, i) => credentials.authenticate(basic(`me:${i}`)));
    // Who was known before is not locked out meanwhile.
    expect(await credentials.authenticate(basic('me:se:cret'))).toBe('me');
    const codes = (await Promise.allSettled(attempts)).map(
      (end) => (end as { reason?: { code: string } }).reason?.code,
    );
    expect(codes.filter((code) => code === 'VERIFIER_BUSY')).toHaveLength(32);
    expect(codes.filter((code) => code === 'AUTHENTICATION_REQUIRED')).toHaveLength(8);
  });
});

test('a function decides, and nothing but true is yes', async () => {
  const seen: unknown[] = [];
  const credentials = new Credentials(async (name, password, environ) => {
    seen.push([name, password, environ.HTTP_PROXY_AUTHORIZATION?.startsWith('Basic ')]);
    return password === 'yes' || ('truthy' as unknown as boolean);
  });
  expect(await credentials.authenticate(basic('me:yes'))).toBe('me');
  await expect(credentials.authenticate(basic('me:no'))).rejects.toEqual(refused());
  expect(seen).toEqual([['me', 'yes', true], ['me', 'no', true]]); // prettier-ignore
});

test('anyone is nobody', async () => {
  expect(await new Credentials('anyone').authenticate({} as Environ)).toBe('');
});

import { describe, expect, test } from 'vitest';
import { createSticky, type StickyOptions } from '../src/sticky.ts';

const SECRET = 'a secret of sixteen bytes or more';
const IDS = ['http://10.0.0.1:80', 'http://10.0.0.2:80'];
const FIRST = IDS[0] as string;

const sticky = (options: Partial<StickyOptions> = {}): ReturnType<typeof createSticky> =>
  createSticky({ secrets: [SECRET], ...options });
const pair = (setCookie: string): string => setCookie.slice(0, setCookie.indexOf(';'));

test('leads a browser back to its peer', () => {
  const cookies = sticky();
  for (const id of IDS) expect(cookies.peerOf(`a=b; ${pair(cookies.setCookie(id))}; c=d`, IDS)).toBe(id);
});

test('says to a browser: for one hour, over https, not to scripts, not from other sites', () => {
  expect(sticky().setCookie(FIRST)).toMatch(
    /^highball_peer=[\w-]{12}\.[\da-z]+\.[\w-]{22}; Path=\/; Max-Age=3600; HttpOnly; SameSite=Lax; Secure$/,
  );
  const other = sticky({ name: '__Host-p', path: '/', sameSite: 'Strict', maxAgeSeconds: 60 }).setCookie(
    FIRST,
  );
  expect(other).toMatch(/^__Host-p=.*; Path=\/; Max-Age=60; HttpOnly; SameSite=Strict; Secure$/);
  expect(sticky({ secure: false }).setCookie(FIRST)).not.toContain('Secure');
});

test('never tells the address of a peer', () => {
  const value = pair(sticky().setCookie(FIRST)).slice('highball_peer='.length);
  const texts = value.split('.').flatMap((part) => [part, Buffer.from(part, 'base64url').toString('latin1')]);
  expect(texts.some((text) => /10\.0|http/.test(text))).toBe(false);
});

describe('leaves the choice to the strategy', () => {
  test('when the peer is gone', () => {
    const cookies = sticky();
    expect(cookies.peerOf(pair(cookies.setCookie('http://10.0.0.9:80')), IDS)).toBeUndefined();
  });

  test('when the cookie is too old', () => {
    let now = 1e12;
    const cookies = sticky({ now: () => now, maxAgeSeconds: 60 });
    const cookie = pair(cookies.setCookie(FIRST));
    now += 60_000;
    expect(cookies.peerOf(cookie, IDS)).toBe(FIRST);
    now += 1000;
    expect(cookies.peerOf(cookie, IDS)).toBeUndefined();
  });

  test('when a single character of the cookie was changed', () => {
    const cookies = sticky();
    const cookie = pair(cookies.setCookie(FIRST));
    for (let i = 'highball_peer='.length; i < cookie.length; i++) {
      const forged = `${cookie.slice(0, i)}${cookie[i] === 'x' ? 'y' : 'x'}${cookie.slice(i + 1)}`;
      expect(cookies.peerOf(forged, IDS), forged).toBeUndefined();
    }
  });

  test('when another key has signed, or the parts of two cookies were put together', () => {
    const cookies = sticky();
    expect(
      cookies.peerOf(pair(sticky({ secrets: ['another key of 16 bytes'] }).setCookie(FIRST)), IDS),
    ).toBeUndefined();
    const [tag] = pair(cookies.setCookie(FIRST)).split('.');
    const [, issued, signature] = pair(cookies.setCookie(IDS[1] as string)).split('.');
    expect(cookies.peerOf([tag, issued, signature].join('.'), IDS)).toBeUndefined();
  });

  test.each([
    undefined,
    '',
    'highball_peer=',
    'highball_peer=a.b.c',
    'highball_peer=....',
    'other=1',
    'x'.repeat(20_000),
  ])('when the field is %j', (field) => {
    expect(sticky().peerOf(field, IDS)).toBeUndefined();
  });
});

test('reads what older keys have signed, and writes with the newest', () => {
  const old = sticky();
  const both = sticky({ secrets: ['the new key, sixteen bytes', SECRET] });
  expect(both.peerOf(pair(old.setCookie(FIRST)), IDS)).toBe(FIRST);
  expect(both.peerOf(pair(both.setCookie(FIRST)), IDS)).toBe(FIRST);
  expect(old.peerOf(pair(both.setCookie(FIRST)), IDS)).toBeUndefined();
});

test.each<[Partial<StickyOptions>, string]>([
  [{ secrets: [] }, 'sticky cookies need a secret'],
  [{ secrets: ['short'] }, 'a secret must have 16 bytes or more'],
  [{ name: 'a b' }, "'a b' cannot be the name of a cookie"],
  [{ path: '/;Domain=x' }, "'/;Domain=x' cannot be the path of a cookie"],
  [{ sameSite: 'None', secure: false }, 'a cookie with SameSite=None must be secure'],
  [{ maxAgeSeconds: 0 }, 'maxAgeSeconds must be 1 or more'],
])('%j is refused', (options, message) => {
  expect(() => sticky(options)).toThrow(message);
});

import { expect, test } from 'vitest';
import { rewrite, RewriteError, type Rule } from '../src/index.ts';

test.each<[string, unknown, string, RegExp]>([
  [
    'no pattern',
    { path: '/a:', rewrite: '/' },
    'BAD_PATTERN',
    /rules\[0\]\.path '\/a:' is no pattern: .+; write '\/posts\/:id'/,
  ],
  [
    'an unknown name',
    { path: '/:id', rewrite: '/{ID}' },
    'UNKNOWN_NAME',
    /uses \{ID\}; there are \{id\}, \{\$path\}/,
  ],
  ['an unknown number', { path: /^\/(a)$/, rewrite: '/{2}' }, 'UNKNOWN_NAME', /there are \{0\}, \{1\}/],
  ['an unknown variable', { rewrite: '/{$uri}' }, 'UNKNOWN_NAME', /\{\$uri\}/],
  ['a line break', { redirect: '/a\r\nSet-Cookie: b' }, 'BAD_TEMPLATE', /control character/],
  ['no path', { rewrite: 'https://example.org/' }, 'BAD_TEMPLATE', /must start with \//],
  ['nothing to do', { name: 'idle', path: '/' }, 'BAD_RULE', /rules\[0\] \(idle\) does nothing/],
  ['two things to do', { rewrite: '/', refuse: 403 }, 'BAD_RULE', /has rewrite and refuse/],
  ['an answer and a flag', { rewrite: '/', flag: 'last', answer: () => [] }, 'BAD_RULE', /answer and a flag/],
  ['an answer and a redirect', { redirect: '/', answer: () => [] }, 'BAD_RULE', /has redirect and answer/],
  ['405 without Allow', { refuse: 405 }, 'BAD_RULE', /needs allow/],
  ['Allow without 405', { refuse: 403, allow: ['GET'] }, 'BAD_RULE', /has allow, which is for 405/],
  ['two queries', { rewrite: '/?a', queryPolicy: 'keep' }, 'BAD_RULE', /use 'extend'/],
  ['no root', { isFile: '/a', refuse: 404 }, 'BAD_RULE', /rules\[0\]\.isFile needs the option root/],
  [
    'no root below unless',
    { unless: { isFile: '/a' }, refuse: 404 },
    'BAD_RULE',
    /rules\[0\]\.unless\.isFile/,
  ],
])('a rule with %s is refused when it is compiled', (_, rule, code, message) => {
  const compile = (): unknown => rewrite([rule as Rule]);
  expect(compile).toThrow(RewriteError);
  expect(compile).toThrow(message);
  expect(compile).toThrow(expect.objectContaining({ code }));
});

test('messages call the list what it is called in the configuration', () => {
  expect(() => rewrite([{ refuse: 403 }, { rewrite: 'a' }], { listName: 'routes' })).toThrow(
    "routes[1].rewrite 'a' must start with /",
  );
});

test('text beyond ASCII in an address is percent-encoded', async () => {
  const { ask } = await import('./support.ts');
  expect(ask([{ path: '/a', redirect: '/ä?ö=ü' }], '/a').location).toBe('/%C3%A4?%C3%B6=%C3%BC');
});

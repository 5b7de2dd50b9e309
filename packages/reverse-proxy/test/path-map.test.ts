import { describe, expect, test } from 'vitest';
import { PathMap } from '../src/path-map.ts';

describe('a path to the upstream', () => {
  test.each([
    [{}, '/a/b?c', '/a/b?c'],
    [{ stripPrefix: '/api' }, '/api/x?y', '/x?y'],
    [{ stripPrefix: '/api/' }, '/api/x', '/x'],
    [{ stripPrefix: '/api' }, '/api', '/'],
    [{ stripPrefix: '/api' }, '/api?y', '/?y'],
    [{ stripPrefix: '/api' }, '/api/', '/'],
    [{ stripPrefix: '/api' }, '/apix/y', '/apix/y'],
    [{ stripPrefix: '/api' }, '/other', '/other'],
    [{ stripPrefix: '/api' }, '/%61pi/x%2Fy', '/x%2Fy'],
    [{ stripPrefix: '/a/b' }, '/a%2Fb/c', '/a%2Fb/c'],
    [{ stripPrefix: '/api' }, '/api//x', '//x'],
    [{ prefix: '/v2' }, '/x?y', '/v2/x?y'],
    [{ prefix: '/v2/' }, '/', '/v2/'],
    [{ stripPrefix: '/api', prefix: '/v2' }, '/api/x', '/v2/x'],
    [{ stripPrefix: '/api', prefix: '/v2' }, '/api', '/v2/'],
    [{ prefix: '/v2' }, '*', '*'],
  ])('with %j: %s → %s', (options, from, to) => {
    expect(new PathMap(options).toUpstream(from)).toBe(to);
  });

  test.each([{ stripPrefix: 'api' }, { prefix: 'http://a/' }, { prefix: '/a?b' }])(
    '%j is refused',
    (options) => {
      expect(() => new PathMap(options)).toThrow(expect.objectContaining({ code: 'BAD_OPTION' }) as Error);
    },
  );
});

test.each([
  [{ stripPrefix: '/api' }, '/login?next=%2F', '/api/login?next=%2F'],
  [{ stripPrefix: '/api', prefix: '/v2' }, '/v2/x', '/api/x'],
  [{ stripPrefix: '/api', prefix: '/v2' }, '/v2', '/api/'],
  [{ stripPrefix: '/api', prefix: '/v2' }, '/v2x', '/v2x'],
  [{ prefix: '/v2' }, '/v2/x', '/x'],
])('back to the client with %j: %s → %s', (options, from, to) => {
  expect(new PathMap(options).toClient(from)).toBe(to);
});

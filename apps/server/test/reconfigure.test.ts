import { expect, test } from 'vitest';
import { changedUpstreams, compareSettings } from '../src/reconfigure.ts';
import { resolveSettings } from '../src/resolve-settings.ts';

const running = resolveSettings({ flags: {}, env: {}, config: {} });

test('a reload takes the new values of some settings and keeps the old ones of others', () => {
  const wanted = { ...running, keepAlive: 5, rawEnv: ['A=1'], backlog: 7, user: 'web' };
  expect(compareSettings(running, wanted)).toEqual({
    settings: { ...running, keepAlive: 5, rawEnv: ['A=1'] },
    changed: ['keepAlive', 'rawEnv'],
    postponed: ['backlog', 'user'],
  });
});

test('lists are compared by what is in them', () => {
  expect(compareSettings(running, { ...running, bind: [...running.bind] })).toMatchObject({
    changed: [],
    postponed: [],
  });
});

test('processes of upstreams stay as they are until an upgrade', () => {
  const routes = [{ proxy: 'a' }];
  const before = {
    upstreams: { a: { app: 'a.ts' }, b: { app: 'b.ts' }, c: { servers: ['http://c'] } },
    routes,
  };
  const after = {
    upstreams: {
      a: { app: 'a.ts', instances: 1 },
      b: { app: 'b.ts', workers: 2 },
      c: { servers: [] },
      d: { app: 'd' },
    },
    routes,
  };
  expect(changedUpstreams(before, after)).toEqual(['upstreams.b', 'upstreams.d']);
  expect(changedUpstreams(after, { routes })).toEqual(['upstreams.a', 'upstreams.b', 'upstreams.d']);
});

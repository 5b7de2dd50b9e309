import { expect, test } from 'vitest';
import type { Config } from '../src/config.ts';
import { runsOwnCode } from '../src/site/own-code.ts';

const none = (): void => undefined;

test.each<[string, Pick<Config, 'routes' | 'hooks'>, boolean]>([
  ['files and upstreams', { routes: [{ path: '/f/*', static: 'files' }, { proxy: 'up' as never }] }, false],
  ['an application in the same process', { routes: [{ static: 'files' }, { app: './app.ts' }] }, true],
  ['CGI programs: to start one takes milliseconds', { routes: [{ cgi: 'cgi-bin' }] }, true],
  ['a hook before each request', { routes: [], hooks: { preRequest: none } }, true],
  ['a hook behind each request', { routes: [], hooks: { postRequest: none } }, true],
  ['hooks of other moments', { routes: [], hooks: { postFork: none, whenReady: none } }, false],
])('%s: whether it is the author’s code', (_, config, expected) => {
  expect(runsOwnCode(config)).toBe(expected);
});

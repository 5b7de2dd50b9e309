import { asgi, markInterface } from '@highball/gateway-protocol';
import { Hono } from 'hono';
import { expect, test } from 'vitest';
import { isFetchApplication } from '../src/index.ts';

test.each([
  ['a Hono application', new Hono(), true],
  ['a Worker', { fetch: () => new Response() }, true],
  ['a function with fetch', Object.assign(() => undefined, { fetch: () => new Response() }), true],
  ['a marked function', markInterface(() => new Response(), 'fetch'), true],
  ['a function', () => new Response(), false],
  ['an object whose fetch is none', { fetch: 'x' }, false],
  ['an object that says it is something else', markInterface({ fetch: () => new Response() }, 'node'), false],
  ['an event-shaped application', asgi(async () => undefined), false],
  ['nothing', undefined, false],
  ['null', null, false],
  ['text', 'fetch', false],
])('%s: %s', (_name, value, expected) => {
  expect(isFetchApplication(value)).toBe(expected);
});

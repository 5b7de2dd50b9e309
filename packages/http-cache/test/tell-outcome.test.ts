import type { Environ } from '@highball/gateway-protocol';
import { expect, test } from 'vitest';
import { httpCache } from '../src/index.ts';
import { tellOutcome } from '../src/tell-outcome.ts';
import { begin, environOf } from './support.ts';

test.each([
  [{ hit: true, ttl: 3 }, 'HIT'],
  [{ hit: true, detail: 'stale-while-revalidate' }, 'UPDATING'],
  [{ fwd: 'uri-miss', collapsed: true }, 'HIT'],
  [{ fwd: 'uri-miss', fwdStatus: 200, stored: true }, 'MISS'],
  [{ fwd: 'vary-miss', fwdStatus: 200 }, 'MISS'],
  [{ fwd: 'stale', fwdStatus: 200 }, 'EXPIRED'],
  [{ fwd: 'stale', fwdStatus: 304 }, 'REVALIDATED'],
  [{ fwd: 'stale', detail: 'stale-if-error-503' }, 'STALE'],
  [{ fwd: 'method', fwdStatus: 200 }, 'BYPASS'],
  [{ fwd: 'bypass' }, 'BYPASS'],
  [{ detail: 'only-if-cached' }, 'MISS'],
] as const)('%j is %s in environ', (outcome, word) => {
  const environ = environOf({});
  tellOutcome(environ, [], false, outcome);
  expect(environ['highball.cache_status']).toBe(word);
});

test('what a proxy behind has noted for the log reaches the environ of the client, to the end of the body', async () => {
  const asked: Environ[] = [];
  const app = httpCache()((environ, startResponse) => {
    asked.push(environ);
    Object.assign(environ, { 'highball.upstream_addr': 'http://a', 'highball.upstream_status': '200' });
    startResponse('200 OK', [['Cache-Control', 'max-age=60']]);
    return ['body'];
  });
  const environ = environOf({});
  await app(environ, () => () => undefined);
  expect(environ).toMatchObject({
    'highball.upstream_addr': 'http://a',
    'highball.upstream_status': '200',
    'highball.cache_status': 'MISS',
  });
  expect(environ['highball.upstream_response_time']).toBeUndefined();
  (asked[0] as Environ)['highball.upstream_response_time'] = '0.010';
  expect(environ['highball.upstream_response_time']).toBe('0.010');
  const again = environOf({});
  await app(again, () => () => undefined);
  expect(again['highball.cache_status']).toBe('HIT');
  expect(again['highball.upstream_addr']).toBeUndefined();
  expect(await begin(app)).toMatchObject({ status: 200 });
});

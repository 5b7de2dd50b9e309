import { expect, test } from 'vitest';
import { checkConfig } from '../../src/config-schema.ts';
import { defineConfig } from '../../src/index.ts';

test('everything that an upstream can have passes as it is', () => {
  const config = defineConfig({
    upstreams: {
      listed: {
        servers: ['http://127.0.0.1:1', { id: 'unix:/run/a', weight: 0.5, backup: true, maxConnections: 9 }],
        balance: 'ketama',
        hashBy: { header: 'X-User' },
        maxConnections: 100,
        health: {
          maxFails: 3,
          failTimeoutMs: 10_000,
          panicThreshold: 0.2,
          check: {
            path: '/health',
            host: 'a.example',
            statuses: [200, 204],
            intervalMs: 500,
            rise: 1,
            fall: 2,
          },
        },
        outliers: { consecutiveFailures: 3 },
        circuit: true,
        slowStartMs: 30_000,
        queue: { maxWaiting: 10, timeoutMs: 1000 },
        sticky: { secrets: ['0123456789abcdef'], sameSite: 'Strict', maxAgeSeconds: 60 },
        forward: {
          readTimeoutMs: 5000,
          totalTimeoutMs: 0,
          stripPrefix: '/api',
          host: { name: 'a.example' },
          requestHeaders: { set: { 'X-A': '{remote_addr}' }, remove: ['X-B'] },
          requestBuffering: { maxBytes: 1_000_000 },
          mirror: { upstream: 'http://127.0.0.1:2', maxConcurrent: 4 },
          hedge: { delayMs: 100 },
          cookiePath: { '/': '/api' },
          allowConnect: ['db.example:5432'],
          proxyProtocol: 2,
          tls: { servername: 'a.example', minVersion: 'TLSv1.3' },
          params: { APP_ENV: 'production' },
          explain: { isTrusted: () => false },
        },
      },
      dns: { discover: { dns: 'app.internal', port: 8000, protocol: 'uwsgi', resolver: ['10.0.0.2'] } },
      srv: { discover: { srv: '_http._tcp.app.internal', maxTtlMs: 5000 } },
      file: { discover: { file: './peers', intervalMs: 1000 } },
      found: { discover: { find: async () => [{ id: 'http://127.0.0.1:1' }] } },
      own: { app: './app.ts', instances: 2, queue: true },
    },
    routes: [{ proxy: 'listed' }, { proxy: 'own' }],
  });
  expect(checkConfig(config, 'x')).toEqual(config);
});

test('what an upstream does not have is an error of the types, and of the check', () => {
  const config = defineConfig({
    // @ts-expect-error: the check is of `health`
    upstreams: { a: { servers: ['http://127.0.0.1:1'], check: { path: '/' } } },
    routes: [{ proxy: 'a' }],
  });
  expect(() => checkConfig(config, 'x')).toThrow('x: upstreams.a.check is no key of an upstream of servers');
});

const servers = ['http://127.0.0.1:1'];
test.each<[object, string]>([
  [{}, 'upstreams.a must be { servers: [...] }, { app: ... } or { discover: ... }'],
  [{ servers, app: 'b' }, 'upstreams.a has servers and app: keep one of them'],
  [{ servers: [] }, 'upstreams.a.servers must have one server or more'],
  [
    { servers: [{ id: 'x', wieght: 2 }] },
    'upstreams.a.servers[0].wieght is no key of a server; there are: id, weight',
  ],
  [{ servers: [7] }, 'upstreams.a.servers[0] must be a text'],
  [{ servers, balance: 'best' }, 'upstreams.a.balance must be one of round-robin, '],
  [{ servers, health: { check: { path: 'health' } } }, 'upstreams.a.health.check.path must start with /'],
  [{ servers, health: { check: { rise: 0 } } }, 'upstreams.a.health.check.rise must be 1 or more'],
  [
    { servers, health: { check: { interval: 2 } } },
    'upstreams.a.health.check.interval is no key of check; there are: ',
  ],
  [
    { servers, health: { failTimeoutMs: '10s' } },
    'upstreams.a.health.failTimeoutMs must be milliseconds, 0 or more',
  ],
  [{ servers, queue: 5 }, 'upstreams.a.queue must be true or false'],
  [
    { servers, queue: { length: 5 } },
    'upstreams.a.queue.length is no key of queue; there are: maxWaiting, timeoutMs',
  ],
  [{ servers, sticky: true }, 'upstreams.a.sticky must be an object'],
  [{ servers, sticky: { secrets: [] } }, 'upstreams.a.sticky.secrets must have one secret or more'],
  [
    { servers, outliers: { maxEjectedShare: 10 } },
    'upstreams.a.outliers.maxEjectedShare must be a number from 0 to 1',
  ],
  [{ servers, hashBy: 'user' }, "upstreams.a.hashBy must be 'address', 'path', 'uri', 'host', { header }"],
  [{ servers, slowStartMs: -1 }, 'upstreams.a.slowStartMs must be milliseconds, 0 or more'],
  [{ discover: { name: 'x' } }, 'upstreams.a.discover must be { dns, port }, { srv }, { file } or { find }'],
  [{ discover: { dns: 'x' } }, 'upstreams.a.discover.port'],
  [{ discover: { dns: 'x', port: 0 } }, 'upstreams.a.discover.port must be a port'],
  [{ discover: { srv: 'x', port: 80 } }, 'upstreams.a.discover.port is no key of discover by srv'],
  [
    { servers, forward: { readTimeout: 5 } },
    'upstreams.a.forward.readTimeout is no key of forward; there are: ',
  ],
  [
    { servers, forward: { readTimeoutMs: '5s' } },
    'upstreams.a.forward.readTimeoutMs must be milliseconds, 0 or more',
  ],
  [{ servers, forward: { mirror: {} } }, 'upstreams.a.forward.mirror.upstream'],
  [{ servers, forward: { hedge: { afterMs: 5 } } }, 'upstreams.a.forward.hedge.'],
  [
    { servers, forward: { requestHeaders: { sett: {} } } },
    'upstreams.a.forward.requestHeaders.sett is no key of requestHeaders',
  ],
  [
    { servers, forward: { requestBuffering: { maxSize: 1 } } },
    'upstreams.a.forward.requestBuffering.maxSize is no key',
  ],
  [{ servers, forward: { tls: { verify: false } } }, 'upstreams.a.forward.tls.verify is no key of tls'],
  [{ servers, forward: { stripPrefix: 'api' } }, 'upstreams.a.forward.stripPrefix must start with /'],
  [{ app: 'x', instances: 0 }, 'upstreams.a.instances must be 1 or more'],
  [{ servers, instances: 2 }, 'upstreams.a.instances is no key of an upstream of servers'],
])('%j is refused with the key and the mend', (upstream, message) => {
  const config = { upstreams: { a: upstream }, routes: [{ proxy: 'a' }] };
  expect(() => checkConfig(config, 'my.ts')).toThrow(`my.ts: ${message}`);
});

test('what a route says of passing on is held to the same, and means nothing without an upstream', () => {
  const upstreams = { a: { servers } };
  const checked = (route: object): unknown => checkConfig({ upstreams, routes: [route] }, 'my.ts');
  expect(() => checked({ proxy: 'a', forward: { readTimeoutMs: 5 } })).not.toThrow();
  expect(() => checked({ proxy: 'a', forward: { timeout: 5 } })).toThrow(
    'routes[0].forward.timeout is no key of forward',
  );
  expect(() => checked({ app: 'a', forward: {} })).toThrow('routes[0].forward means nothing without proxy');
});

import type { Application } from '@highball/gateway-protocol';
import { describe, expect, test } from 'vitest';
import { trace, type TraceOptions } from '../src/site/trace.ts';
import { Site } from './started.ts';
import { call, environOf } from './support.ts';
import { Behind, get } from './upstream/support.ts';

const SECRET = 'nobody can guess this';

/** A site that was served by a proxy with a cache, as environ has it at the head of the answer. */
const served: Application = (environ, startResponse) => {
  Object.assign(environ, {
    'highball.rule': 'old pages; routes[2]\u00E4',
    'highball.cache_status': 'MISS',
    'highball.upstream_addr': 'http://10.0.0.1:80',
    'highball.upstream_attempts': 2,
    'highball.upstream_reused': true,
    'highball.upstream_connect_time': '0.000',
    'highball.upstream_header_time': '0.012',
    'test.seen': environ['HTTP_X_HIGHBALL_EXPLAIN'] ?? 'nothing',
  });
  startResponse('200 OK', Object.freeze([Object.freeze(['X-Request-Id', 'stored'])]) as never);
  return [];
};

async function ask(options: TraceOptions, more = {}): Promise<Record<string, string>> {
  let now = 100;
  const app = trace(options, () => (now += 15.04))?.(served) ?? served;
  const environ = environOf('GET /', more);
  const { headers } = await call(app, environ);
  return { ...Object.fromEntries(headers), seen: String(environ['test.seen']) };
}

describe('explain', () => {
  const explained = `rule=old pages? routes[2]?; cache=MISS; peer=http://10.0.0.1:80; attempts=2; connection=kept; connect=0.000; first-byte=0.012; total=0.015; worker=${process.pid}`;

  test('tells who knows the secret, or is trusted', async () => {
    const bySecret = await ask({ explain: { secret: SECRET } }, { HTTP_X_HIGHBALL_EXPLAIN: SECRET });
    expect(bySecret['X-Highball-Explain']).toBe(explained);
    const isTrusted = ({ REMOTE_ADDR }: { REMOTE_ADDR?: string | undefined }) => REMOTE_ADDR === '10.0.0.7';
    const asked = { HTTP_X_HIGHBALL_EXPLAIN: '1' };
    const byAddress = await ask({ explain: { isTrusted } }, { ...asked, REMOTE_ADDR: '10.0.0.7' });
    expect(byAddress['X-Highball-Explain']).toBe(explained);
    expect(await ask({ explain: { isTrusted } }, { ...asked, REMOTE_ADDR: '10.0.0.8' })).not.toHaveProperty(
      'X-Highball-Explain',
    );
  });

  test.each([
    ['nothing is asked', { explain: { secret: SECRET } }, {}],
    ['the secret is wrong', { explain: { secret: SECRET } }, { HTTP_X_HIGHBALL_EXPLAIN: '1' }],
    ['the secret is empty', { explain: { secret: SECRET } }, { HTTP_X_HIGHBALL_EXPLAIN: '' }],
    ['nobody may ask', { explain: {} }, { HTTP_X_HIGHBALL_EXPLAIN: '1' }],
    ['it is off', {}, { HTTP_X_HIGHBALL_EXPLAIN: SECRET }],
  ])('tells nothing when %s', async (_, options, fields) => {
    expect(await ask(options, fields)).not.toHaveProperty('X-Highball-Explain');
  });

  test('the secret is for nobody behind', async () => {
    expect((await ask({ explain: { secret: SECRET } }, { HTTP_X_HIGHBALL_EXPLAIN: SECRET }))['seen']).toBe(
      'nothing',
    );
  });

  test('a secret that can be guessed is refused', () => {
    expect(() => trace({ explain: { secret: 'short' } })).toThrow('16 characters or more');
  });
});

test('serverTiming tells times and nothing of what stands behind', async () => {
  expect(await ask({ serverTiming: true })).toMatchObject({
    'Server-Timing': 'cache;desc=MISS, proxy-connect;dur=0, upstream;dur=12, total;dur=15.0',
  });
});

test('requestId is that of the request, not the one that a cache has stored', async () => {
  expect((await ask({ requestId: true }, { HTTP_X_REQUEST_ID: 'mine' }))['X-Request-Id']).toBe('mine');
  expect((await ask({ requestId: true }))['X-Request-Id']).toMatch(/^[0-9a-f]{32}$/);
});

test('with nothing to tell there is no middleware', () => {
  expect(trace({})).toBeUndefined();
});

test('through cache and proxy: each is told of its own request, and what a stranger gets was stored without it', async () => {
  await using behind = await Behind.start('behind');
  behind.behave = ({ headers }, response) =>
    void response
      .writeHead(200, { 'Cache-Control': 'max-age=60', 'X-Saw': String(headers['x-request-id']) })
      .end('kept');
  await using site = await Site.make({
    'highball.config.mjs': `export default {
      workers: 1, explain: { secret: '${SECRET}' }, serverTiming: true, requestId: true,
      accessLog: '-', accessLogFormat: 'log $request_id $upstream_cache_status $upstream_addr $upstream_status $upstream_response_time.',
      upstreams: { site: { servers: ['${behind.url}'] } },
      routes: [{ path: '/none', refuse: 404 }, { name: 'all', proxy: 'site', cache: true }],
    };`,
  });
  const { program, port } = await site.runConfig();
  const asking = `X-Highball-Explain: ${SECRET}\r\n`;
  const first = await get(port, '/', `${asking}X-Request-Id: one\r\n`);
  expect(first).toMatch(
    new RegExp(
      `X-Highball-Explain: rule=all; cache=MISS; peer=${behind.url}; attempts=1; connection=new; connect=`,
    ),
  );
  expect(first).toMatch(/^X-Saw: one\r$/m);
  const stranger = await get(port, '/', 'X-Request-Id: two\r\n');
  expect(stranger).not.toContain('X-Highball-Explain');
  expect(stranger).toMatch(/^X-Request-Id: two\r$/m);
  expect(stranger).toMatch(/^Server-Timing: cache;desc=HIT, total;dur=[\d.]+\r$/m);
  expect(stranger.match(/^X-Request-Id/gm)).toHaveLength(1);
  expect(await get(port, '/', asking)).toContain(
    'X-Highball-Explain: rule=all; cache=HIT; peer=-; attempts=-;',
  );
  expect(await get(port, '/none', asking)).toContain('X-Highball-Explain: rule=routes[0]; cache=-; peer=-;');
  await program.until(new RegExp(`log one MISS ${behind.url} 200 \\d\\.\\d{3}\\.`));
  await program.until(/log two HIT - - -\./);
});

import type { IncomingMessage, ServerResponse } from 'node:http';
import { RawClient } from '@highball/testkit';
import { expect, test } from 'vitest';
import { Site } from '../started.ts';
import { Behind, bodyOf, get } from './support.ts';

/** Runs a site with these routes to one upstream, `site`. */
async function start(
  servers: readonly Behind[],
  routes: string,
): Promise<AsyncDisposable & { port: number; site: Site }> {
  const urls = servers.map(({ url }) => url);
  const site = await Site.make({
    'highball.config.mjs': `export default {
      workers: 1,
      upstreams: { site: { servers: ${JSON.stringify(urls)}, forward: { requestHeaders: { set: { 'X-Of': 'upstream' } } } } },
      routes: [${routes}],
    };`,
  });
  const { port } = await site.runConfig();
  return { port, site, [Symbol.asyncDispose]: () => site[Symbol.asyncDispose]() };
}

const tell = ({ url, headers }: IncomingMessage, response: ServerResponse): void =>
  void response.end(`${url} of ${headers['x-of']}`);

test('a route has its own paths and fields, and the rest of its upstream', async () => {
  await using one = await Behind.start('one');
  one.behave = tell;
  await using run = await start(
    [one],
    `{ path: '/api/*rest', proxy: 'site', forward: { stripPrefix: '/api', prefix: '/v2' } },
     { path: '/own', proxy: 'site', forward: { requestHeaders: { set: { 'X-Of': 'route' } } } },
     { proxy: 'site' }`,
  );
  expect(bodyOf(await get(run.port, '/api/users?x'))).toBe('/v2/users?x of upstream');
  expect(bodyOf(await get(run.port, '/own'))).toBe('/own of route');
  expect(bodyOf(await get(run.port, '/else'))).toBe('/else of upstream');
});

test('a route has its own deadlines', async () => {
  await using one = await Behind.start('one');
  const held: ServerResponse[] = [];
  one.behave = (_, response) => void held.push(response);
  await using run = await start(
    [one],
    `{ path: '/quick', proxy: 'site', forward: { readTimeoutMs: 150 } }, { proxy: 'site' }`,
  );
  const patient = get(run.port, '/patient');
  await expect.poll(() => one.asked).toEqual(['/patient']);
  expect(await get(run.port, '/quick')).toMatch(/^HTTP\/1\.1 504 /);
  expect(one.asked).toEqual(['/patient', '/quick']);
  held[0]?.end('waited for');
  expect(bodyOf(await patient)).toBe('waited for');
});

test('a route has its own buffering: its server sees nothing of a body before all of it is there', async () => {
  await using one = await Behind.start('one');
  await using run = await start(
    [one],
    `{ path: '/kept', proxy: 'site', forward: { requestBuffering: true } }, { proxy: 'site' }`,
  );
  const upload = async (path: string): Promise<RawClient> => {
    const client = await RawClient.connect(run.port);
    client.send(`POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nha`);
    return client;
  };
  const kept = await upload('/kept');
  const streamed = await upload('/streamed');
  await expect.poll(() => one.asked).toEqual(['/streamed']);
  kept.send('lf');
  await kept.until(/one$/);
  expect(one.asked).toEqual(['/streamed', '/kept']);
  for (const client of [kept, streamed]) client.destroy();
});

test('routes share what is known of the servers: one that failed for one is left out for all', async () => {
  await using one = await Behind.start('one');
  await using two = await Behind.start('two');
  await using run = await start(
    [one, two],
    `{ path: '/own', proxy: 'site', forward: { totalTimeoutMs: 5000 } }, { proxy: 'site' }`,
  );
  await one.stop();
  for (let i = 0; i < 2; i++) expect(bodyOf(await get(run.port, '/own'))).toBe('two');
  const failures = async (): Promise<(readonly number[])[]> => {
    const { upstreams } = await run.site.status();
    return upstreams.map(({ servers }) => servers.map((server) => server.failures));
  };
  await expect.poll(failures).toEqual([[1, 0]]);
  for (let i = 0; i < 4; i++) expect(bodyOf(await get(run.port))).toBe('two');
  expect(await failures()).toEqual([[1, 0]]);
});

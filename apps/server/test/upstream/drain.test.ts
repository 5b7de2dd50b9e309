import { expect, test } from 'vitest';
import { end } from '../started.ts';
import { balance, type Balanced, Behind } from './support.ts';

/** Two servers, the second of which gets nothing. */
async function drained(settings: string, one: Behind, two: Behind): Promise<Balanced> {
  const site = await balance(`{ servers: ['${one.url}', '${two.url}'] }`, settings);
  await site.site.ctl('drain-server', 'site', two.url);
  return site;
}

async function expectOnly(site: Balanced, name: string): Promise<void> {
  expect(await site.ask(8)).toEqual(Array.from({ length: 8 }, () => name));
}

async function expectBoth(site: Balanced): Promise<void> {
  expect(new Set(await site.ask(16))).toEqual(new Set(['one', 'two']));
}

test('a server that is drained gets nothing new, in all workers, also in new ones, until it is taken back', async () => {
  await using one = await Behind.start('one');
  await using two = await Behind.start('two');
  await using site = await balance(`{ servers: ['${one.url}', '${two.url}'] }`, 'workers: 2,');
  expect(await site.site.ctl('drain-server', 'site', two.url)).toBe(
    `${two.url} of site gets no new requests (2 workers)\n`,
  );
  expect(await site.ask(8)).toEqual(Array.from({ length: 8 }, () => 'one'));
  await site.site.ctl('reload');
  expect(await site.ask(8)).toEqual(Array.from({ length: 8 }, () => 'one'));
  await expect
    .poll(async () => (await site.status()).servers[1])
    .toMatchObject({ state: 'draining', seenBy: 2 });
  await site.site.ctl('drain-server', 'site', two.url, '--undo');
  expect(new Set(await site.ask(8))).toEqual(new Set(['one', 'two']));
  await expect(site.site.ctl('drain-server', 'site', 'http://127.0.0.1:1')).rejects.toThrow(
    "highball: no worker knows a server 'http://127.0.0.1:1' of an upstream 'site'",
  );
});

test('a worker that takes the place of a killed one gives a drained server nothing from its first request on', async () => {
  await using one = await Behind.start('one');
  await using two = await Behind.start('two');
  await using site = await drained('workers: 1,', one, two);
  const [worker] = (await site.site.status()).pools[0]?.workers ?? [];
  process.kill(worker?.pid as number, 'SIGKILL');
  await expectOnly(site, 'one');
  await expectOnly(site, 'one');
});

test('a drained server stays so in the new master of an upgrade, and is taken back there', async () => {
  await using one = await Behind.start('one');
  await using two = await Behind.start('two');
  await using site = await drained('workers: 1,', one, two);
  const before = (await site.site.status()).pid;
  await site.site.ctl('upgrade');
  await expect.poll(async () => (await site.site.status()).pid).not.toBe(before);
  await expectOnly(site, 'one');
  const { pid } = await site.site.status();
  try {
    await site.site.ctl('drain-server', 'site', two.url, '--undo');
    await expectBoth(site);
  } finally {
    await end(pid);
  }
});

test('while an upgrade has two masters, either of them drains a server for the workers of both', async () => {
  await using one = await Behind.start('one');
  await using two = await Behind.start('two');
  await using site = await balance(`{ servers: ['${one.url}', '${two.url}'] }`);
  site.program.signal('SIGUSR2');
  await expect.poll(async () => (await site.site.status()).successorPid).toEqual(expect.any(Number));
  const successor = `${site.site.socket}.2`;
  await expect
    .poll(() =>
      site.site.control(successor).then(
        () => true,
        () => false,
      ),
    )
    .toBe(true);
  expect(await site.site.ctl('drain-server', 'site', two.url)).toContain('gets no new requests (2 workers)');
  await expectOnly(site, 'one');
  const newer = await site.site.control(successor);
  expect(await newer.call('drain-server', { upstream: 'site', server: one.url })).toMatchObject({
    workers: 2,
  });
  await newer.call('drain-server', { upstream: 'site', server: two.url, undo: true });
  await expectOnly(site, 'two');
  // The old master has heard it as well: it serves on when the new one goes.
  const { pid } = await newer.call('status');
  await end(pid);
  await expect.poll(async () => (await site.site.status()).successorPid).toBeNull();
  await expectOnly(site, 'two');
});

test('a server that the configuration does not name any more is forgotten: named again, it is used', async () => {
  await using one = await Behind.start('one');
  await using two = await Behind.start('two');
  await using site = await drained('workers: 1,', one, two);
  const written = (servers: readonly Behind[]): Promise<void> =>
    site.site.write(
      'highball.config.mjs',
      `export default { upstreams: { site: { servers: ${JSON.stringify(servers.map(({ url }) => url))} } },
        workers: 1, routes: [{ proxy: 'site' }] };`,
    );
  await site.site.ctl('reload');
  await expectOnly(site, 'one');
  await written([one]);
  await site.site.ctl('reload');
  await written([one, two]);
  await site.site.ctl('reload');
  await expectBoth(site);
});

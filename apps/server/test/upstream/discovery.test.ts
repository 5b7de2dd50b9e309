import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort, missingPeers, temporaryFolder } from '@highball/testkit';
import { describe, expect, test } from 'vitest';
import { balance, Behind, get, NameServer } from './support.ts';

const missing = missingPeers('dnsmasq');

describe.skipIf(missing !== undefined)(`DNS${missing ? `: ${missing}` : ''}`, () => {
  test('a name whose address changes is followed by the server that runs', async () => {
    await using before = await Behind.start('before', { host: '127.0.0.11' });
    const { port } = before;
    await using after = await Behind.start('after', { host: '127.0.0.12', port });
    await using names = new NameServer(await freePort(), await temporaryFolder());
    await names.tell('host-record=app.example,127.0.0.11');
    await using site = await balance(
      `{ discover: { dns: 'app.example', port: ${port}, family: 4, resolver: ['127.0.0.1:${names.port}'] } }`,
    );
    expect(await site.ask(3)).toEqual(['before', 'before', 'before']);
    await names.tell('host-record=app.example,127.0.0.12');
    await expect.poll(() => site.ask(1)).toEqual(['after']);
    expect(after.asked.length).toBeGreaterThan(0);
    await expect
      .poll(async () => (await site.status()).servers.map(({ id }) => id))
      .toEqual([`http://127.0.0.12:${port}`]);
  });

  test('SRV: weights count, and a lower priority is a backup', async () => {
    await using heavy = await Behind.start('heavy', { host: '127.0.0.11' });
    await using light = await Behind.start('light', { host: '127.0.0.12' });
    await using spare = await Behind.start('spare', { host: '127.0.0.13' });
    await using names = new NameServer(await freePort(), await temporaryFolder());
    const srv = (host: string, { port }: Behind, rest: string): string =>
      `srv-host=_http._tcp.app.example,${host}.example,${port},${rest}`;
    await names.tell(
      'host-record=a.example,127.0.0.11',
      'host-record=b.example,127.0.0.12',
      'host-record=c.example,127.0.0.13',
      srv('a', heavy, '1,3'),
      srv('b', light, '1,1'),
      srv('c', spare, '2,5'),
    );
    await using site = await balance(
      `{ discover: { srv: '_http._tcp.app.example', family: 4, resolver: ['127.0.0.1:${names.port}'] } }`,
    );
    const answers = await site.ask(8);
    expect(answers.filter((name) => name === 'heavy')).toHaveLength(6);
    expect(answers.filter((name) => name === 'light')).toHaveLength(2);
    await heavy.stop();
    await light.stop();
    expect(await site.ask(2)).toEqual(['spare', 'spare']);
  });

  test('a worker that finds nobody serves all the same: 503, and better once there is somebody', async () => {
    await using late = await Behind.start('late', { host: '127.0.0.11' });
    await using names = new NameServer(await freePort(), await temporaryFolder());
    await names.tell('host-record=other.example,127.0.0.11');
    await using site = await balance(
      `{ discover: { dns: 'app.example', port: ${late.port}, resolver: ['127.0.0.1:${names.port}'] } }`,
    );
    expect(await get(site.port)).toMatch(/^HTTP\/1\.1 503 /);
    expect(site.program.output).toMatch(/app\.example has no addresses/);
    await names.tell('host-record=app.example,127.0.0.11');
    await expect.poll(() => site.ask(1)).toEqual(['late']);
  });
});

test('a file is followed; one that makes no sense changes nothing, and is told', async () => {
  await using one = await Behind.start('one');
  await using two = await Behind.start('two');
  await using site = await balance("{ discover: { file: 'peers' } }");
  const write = async (text: string): Promise<void> => {
    await site.site.write('peers.new', text);
    await rename(join(site.site.path, 'peers.new'), join(site.site.path, 'peers'));
  };
  expect(await get(site.port)).toMatch(/^HTTP\/1\.1 503 /);
  await write(`${one.url}\n`);
  await expect.poll(() => site.ask(1)).toEqual(['one']);
  await write(`${two.url} weight=2 # the new one\n`);
  await expect.poll(() => site.ask(1)).toEqual(['two']);
  await write('ftp://nowhere\n');
  await site.program.until(/'ftp:\/\/nowhere' is no upstream; write http:/);
  expect(await site.ask(2)).toEqual(['two', 'two']);
});

test('a function is asked again and again', async () => {
  await using one = await Behind.start('one');
  await using two = await Behind.start('two');
  await using site = await balance(
    `{ discover: { intervalMs: 50, find: async () => [{ id: (globalThis.asked = (globalThis.asked ?? 0) + 1) < 4 ? '${one.url}' : '${two.url}' }] } }`,
  );
  await expect.poll(() => site.ask(1)).toEqual(['two']);
  await expect.poll(async () => (await site.status()).servers.map(({ id }) => id)).toEqual([two.url]);
});

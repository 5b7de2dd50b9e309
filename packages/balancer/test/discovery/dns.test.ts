import { Resolver } from 'node:dns/promises';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { findPeer, freePort, missingPeers, Program, temporaryFolder } from '@highball/testkit';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { discover, dnsSource, type DnsResolver, srvSource } from '../../src/discovery/index.ts';
import { Clock } from '../clock.ts';

const error = (code: string): Error => Object.assign(new Error(code), { code });
const never: DnsResolver = {
  resolve4: () => Promise.reject(error('ENODATA')),
  resolve6: () => Promise.reject(error('ENODATA')),
  resolveSrv: () => Promise.reject(error('ENODATA')),
};

describe('names', () => {
  test('have the addresses of both families, for the shortest TTL', async () => {
    const resolver: DnsResolver = {
      ...never,
      resolve4: async () => [
        { address: '10.0.0.1', ttl: 60 },
        { address: '10.0.0.2', ttl: 30 },
      ],
      resolve6: async () => [{ address: '2001:db8::1', ttl: 45 }],
    };
    expect(await dnsSource({ name: 'app', port: 8000, resolver }).find()).toEqual({
      peers: [
        { id: 'http://10.0.0.1:8000' },
        { id: 'http://10.0.0.2:8000' },
        { id: 'http://[2001:db8::1]:8000' },
      ],
      ttlMs: 30_000,
    });
    const one = dnsSource({
      name: 'app',
      port: 1,
      resolver,
      family: 6,
      id: (address, port) => `${address} ${port}`,
    });
    expect(await one.find()).toEqual({ peers: [{ id: '2001:db8::1 1' }], ttlMs: 45_000 });
  });

  test.each([
    ['ENOTFOUND', 'NO_RECORDS', 'app has no addresses'],
    ['ETIMEOUT', 'RESOLVE_FAILED', 'app could not be resolved: ETIMEOUT'],
    ['ESERVFAIL', 'RESOLVE_FAILED', 'app could not be resolved: ESERVFAIL'],
  ])('that give %s are an error: %s', async (dns, code, message) => {
    const resolver = { ...never, resolve4: () => Promise.reject(error(dns)) };
    const found = Promise.resolve(dnsSource({ name: 'app', port: 1, resolver }).find());
    await expect(found).rejects.toThrow(expect.objectContaining({ code, message }));
  });
});

describe('services', () => {
  const resolver: DnsResolver = {
    ...never,
    resolve4: async (name) => {
      if (name === 'dead') throw error('ENOTFOUND');
      if (name === 'silent') throw error('ETIMEOUT');
      return [{ address: name === 'a' ? '10.0.0.1' : '10.0.0.2', ttl: 9 }];
    },
  };
  const srv = (...records: [string, number, number, number][]): ReturnType<typeof srvSource> =>
    srvSource({
      name: '_http._tcp.app',
      resolver: {
        ...resolver,
        resolveSrv: async () =>
          records.map(([name, port, priority, weight]) => ({ name, port, priority, weight })),
      },
    });

  test('give weights, and backups where the priority is not the first', async () => {
    expect(await srv(['a', 80, 10, 5], ['b', 81, 10, 0], ['b', 82, 20, 7]).find()).toEqual({
      peers: [
        { id: 'http://10.0.0.1:80', weight: 5, backup: false },
        { id: 'http://10.0.0.2:81', weight: 1, backup: false },
        { id: 'http://10.0.0.2:82', weight: 7, backup: true },
      ],
      ttlMs: 9000,
    });
  });

  test('leave out a target without addresses, but fail with one that could not be asked for', async () => {
    expect(await srv(['a', 80, 1, 1], ['dead', 80, 1, 1]).find()).toMatchObject({
      peers: [{ id: 'http://10.0.0.1:80' }],
    });
    await expect(srv(['a', 80, 1, 1], ['silent', 80, 1, 1]).find()).rejects.toThrow(
      'silent could not be resolved',
    );
    await expect(srv(['dead', 80, 1, 1]).find()).rejects.toThrow('dead has no addresses');
  });

  test.each([[[]], [[['.', 0, 0, 0]] as [string, number, number, number][]]])('%j: none', async (records) => {
    await expect(srv(...records).find()).rejects.toThrow('_http._tcp.app has no SRV records');
  });
});

const missing = missingPeers('dnsmasq');

describe.skipIf(missing !== undefined)(`a real dnsmasq${missing ? `: ${missing}` : ''}`, () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let server: Program;
  let port = 0;
  const resolver = new Resolver({ timeout: 1000, tries: 2 });

  /** Answers by these lines of its configuration, and nothing else. */
  async function serve(lines: readonly string[]): Promise<void> {
    await server?.stop();
    const file = join(folder.path, 'dnsmasq.conf');
    const always = [
      `port=${port}`,
      'listen-address=127.0.0.1',
      'bind-interfaces',
      'no-resolv',
      'no-hosts',
      'local-ttl=2',
    ];
    await writeFile(
      file,
      [...always, 'user=root', 'pid-file=', 'auth-ttl=2', 'local=/example/', ...lines].join('\n'),
    );
    server = new Program(findPeer('dnsmasq') as string, [
      '--keep-in-foreground',
      '--log-facility=-',
      '-C',
      file,
    ]);
    await server.until(/started, version/);
  }

  beforeEach(async () => {
    folder = await temporaryFolder();
    port = await freePort();
    resolver.setServers([`127.0.0.1:${port}`]);
  });
  afterEach(async () => {
    await server?.stop();
    await rm(folder.path, { recursive: true, force: true });
  });

  test('names are asked for again on their TTL: peers come and go, and stay while it is silent', async () => {
    await serve(['host-record=app.example,127.0.0.11', 'host-record=app.example,127.0.0.12']);
    const clock = new Clock();
    const lists: string[] = [];
    const errors: string[] = [];
    const discovery = discover(dnsSource({ name: 'app.example', port: 8000, resolver }), {
      onPeers: (peers) => lists.push(peers.map(({ id }) => id).join(' ')),
      onError: ({ code }) => errors.push(code),
      setTimer: clock.setTimer,
    });
    await discovery.ready;
    expect(lists).toEqual(['http://127.0.0.11:8000 http://127.0.0.12:8000']);
    await serve(['host-record=app.example,127.0.0.12', 'host-record=app.example,127.0.0.13,::13']);
    await clock.pass(1999);
    expect(lists).toHaveLength(1);
    await clock.pass(1);
    await expect
      .poll(() => lists.at(-1))
      .toBe('http://127.0.0.12:8000 http://127.0.0.13:8000 http://[::13]:8000');
    await serve([]);
    await discovery.refresh();
    await server.stop();
    await discovery.refresh();
    expect(errors).toEqual(['NO_RECORDS', 'RESOLVE_FAILED']);
    expect(lists).toHaveLength(2);
    discovery.close();
  });

  test('services tell ports, weights and backups', async () => {
    await serve([
      'host-record=a.example,127.0.0.11',
      'host-record=b.example,127.0.0.12',
      'srv-host=_http._tcp.web.example,a.example,8001,10,60',
      'srv-host=_http._tcp.web.example,b.example,8002,10,20',
      'srv-host=_http._tcp.web.example,b.example,8003,20,1',
    ]);
    const found = await srvSource({ name: '_http._tcp.web.example', resolver }).find();
    expect(found.peers.toSorted((a, b) => (a.id < b.id ? -1 : 1))).toEqual([
      { id: 'http://127.0.0.11:8001', weight: 60, backup: false },
      { id: 'http://127.0.0.12:8002', weight: 20, backup: false },
      { id: 'http://127.0.0.12:8003', weight: 1, backup: true },
    ]);
    expect(found.ttlMs).toBe(2000);
  });
});

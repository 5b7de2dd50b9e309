import { once } from 'node:events';
import { get, type RequestOptions } from 'node:http';
import { text } from 'node:stream/consumers';
import {
  findPeer,
  freePort,
  missingPeers,
  nginxArguments,
  Program,
  temporaryFolder,
} from '@highball/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Peer, PeerOptions } from '../src/index.ts';
import { balancer } from './support.ts';

const missing = missingPeers('nginx');
const WEIGHTS = [1, 2, 1, 3, 1];

/** One nginx: a proxy for each kind of choice, and the servers behind them, which say their port. */
function configuration(
  proxies: Record<'ring' | 'addresses' | 'turns', number>,
  servers: readonly number[],
): string {
  const list = servers.map((port, i) => `server 127.0.0.1:${port} weight=${WEIGHTS[i]};`).join(' ');
  const proxy = (name: string, port: number, rule: string): string =>
    `upstream ${name} { ${rule} ${list} }
     server { listen 127.0.0.1:${port}; location / { proxy_pass http://${name}; } }`;
  return `
      ${proxy('ring', proxies.ring, 'hash $arg_key consistent;')}
      ${proxy('addresses', proxies.addresses, 'ip_hash;')}
      ${proxy('turns', proxies.turns, '')}
      server { ${servers.map((port) => `listen 127.0.0.1:${port};`).join(' ')} return 200 $server_port; }`;
}

/** Asks for a path, and returns what the server answered. */
async function ask(port: number, path: string, options: RequestOptions = {}): Promise<string> {
  const request = get({ host: '127.0.0.1', port, path, agent: false, ...options });
  const [response] = await once(request, 'response');
  return text(response);
}

describe.skipIf(missing !== undefined)(`a real nginx${missing ? `: ${missing}` : ''}`, () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let nginx: Program;
  const proxies = { ring: 0, addresses: 0, turns: 0 };
  let servers: number[] = [];
  let peers: PeerOptions[] = [];
  const idOf = (port: string): string => `http://127.0.0.1:${port}`;

  beforeAll(async () => {
    folder = await temporaryFolder();
    const ports = new Set<number>();
    while (ports.size < WEIGHTS.length + 3) ports.add(await freePort());
    [proxies.ring = 0, proxies.addresses = 0, proxies.turns = 0, ...servers] = ports;
    peers = servers.map((port, i) => ({ id: idOf(String(port)), weight: WEIGHTS[i] as number }));
    const args = await nginxArguments(folder.path, configuration(proxies, servers), { errors: 'notice' });
    nginx = new Program(findPeer('nginx') as string, args);
    await nginx.until(/start worker processes|start worker process /);
  });
  afterAll(async () => {
    await nginx?.stop();
    await folder?.[Symbol.asyncDispose]();
  });

  test('gives each key to the peer that ketama gives it to', async () => {
    const from = balancer({ peers, strategy: 'ketama' });
    const keys = Array.from({ length: 250 }, (_, i) => `/images/${i}.png`);
    for (const key of keys) {
      const theirs = idOf(await ask(proxies.ring, `/?key=${key}`));
      expect(from.pick({ key })?.id, key).toBe(theirs);
    }
  });

  test('gives each network to the peer that nginx-ip-hash gives it to', async () => {
    const from = balancer({ peers, strategy: 'nginx-ip-hash' });
    for (let i = 0; i < 200; i++) {
      const key = `127.${(i * 37) % 256}.${(i * 91) % 256}.${1 + (i % 250)}`;
      const theirs = idOf(await ask(proxies.addresses, '/', { localAddress: key }));
      expect(from.pick({ key })?.id, key).toBe(theirs);
    }
  });

  test('takes the turns that round robin takes', async () => {
    const from = balancer({ peers });
    const theirs: string[] = [];
    for (let i = 0; i < 24; i++) theirs.push(idOf(await ask(proxies.turns, '/')));
    expect(theirs.map(() => (from.pick() as Peer).id)).toEqual(theirs);
  });
});

import { once } from 'node:events';
import { findPeer, missingPeers, Program, Resources } from '@highball/testkit';
import { expect, test } from 'vitest';
import { balance } from './support.ts';

/** A server in a process of its own, so that it can be killed. */
const SERVER = `require('node:http').createServer((request, response) => response.end(process.argv[1]))
  .listen(0, '127.0.0.1', function () { console.log('port', this.address().port); });`;

const missing = missingPeers('wrk');

test.skipIf(missing !== undefined)(
  `kill -9 of one of three servers under load: no idempotent request fails${missing ? `: ${missing}` : ''}`,
  async () => {
    await using resources = new Resources();
    const servers: { program: Program; url: string }[] = [];
    for (const name of ['a', 'b', 'c']) {
      const program = resources.use(new Program(process.execPath, ['-e', SERVER, name]));
      const [, port] = await program.until(/port (\d+)/);
      servers.push({ program, url: `http://127.0.0.1:${port}` });
    }
    const check = '{ intervalMs: 200, rise: 1, fall: 1 }';
    await using site = await balance(
      `{ servers: ${JSON.stringify(servers.map(({ url }) => url))}, balance: 'least-connections', health: { check: ${check} } }`,
      'workers: 2,',
    );
    const args = ['-t', '1', '-c', '32', '-d', '10s', `http://127.0.0.1:${site.port}/`];
    const wrk = resources.use(new Program(findPeer('wrk') as string, args));
    const status = async () => (await site.status()).servers;
    await expect.poll(async () => (await status())[1]?.active ?? 0).toBeGreaterThan(0);
    const [, victim] = servers;
    victim?.program.signal('SIGKILL');
    await once((victim as (typeof servers)[number]).program.child, 'exit');
    expect(await wrk.exited).toBe(0);
    // wrk tells both only when there are any.
    expect(wrk.stdout).not.toMatch(/Non-2xx|Socket errors/);
    expect(Number(/(\d+) requests in/.exec(wrk.stdout)?.[1])).toBeGreaterThan(500);
    await expect.poll(async () => (await status())[1]).toMatchObject({ state: 'down', active: 0 });
  },
  60_000,
);

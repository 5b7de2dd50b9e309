import { STRATEGIES } from '@highball/balancer';
import { expect, test } from 'vitest';
import { createLog } from '../../src/log.ts';
import { createUpstreams } from '../../src/site/upstreams.ts';
import type { Upstream } from '../../src/upstream/config.ts';
import { call, environOf } from '../support.ts';
import { Behind } from './support.ts';

const log = createLog({ level: 'silent', format: 'text', process: 'test' });

test.each(STRATEGIES)(
  '%s sends requests to servers that run, also when one of them does not',
  async (balance) => {
    await using one = await Behind.start('one');
    await using two = await Behind.start('two');
    await using gone = await Behind.start('gone');
    await gone.stop();
    const servers = [one.url, two.url, gone.url];
    const upstreams = await createUpstreams(
      { upstreams: { site: { servers, balance } }, routes: [{ proxy: 'site' }] },
      { addresses: {}, folder: '.', log },
    );
    await upstreams.start();
    const app = upstreams.application('site');
    for (let i = 0; i < 9; i++) {
      const environ = environOf('GET /', { REMOTE_ADDR: `192.0.${i}.${i}` });
      const { status, body } = await call(app as NonNullable<typeof app>, environ);
      expect([status, ['one', 'two'].includes(body)]).toEqual(['200 OK', true]);
    }
    upstreams.close();
  },
);

test.each<[Upstream, string]>([
  [
    { servers: ['uwsgi://127.0.0.1:1'], health: { check: { path: '/health' } } },
    "upstream 'site': health.check.path asks by HTTP, but 'uwsgi://127.0.0.1:1' speaks uwsgi: leave the path out",
  ],
  [
    { discover: { dns: 'a', port: 1, protocol: 'scgi' }, health: { check: { path: '/health' } } },
    "upstream 'site': health.check.path asks by HTTP, but 'scgi://127.0.0.1:1' speaks scgi",
  ],
  [
    { servers: ['http://127.0.0.1:1'], hashBy: 'uri' },
    "upstream 'site': hashBy means nothing to the balance round-robin; take one of ip-hash, ",
  ],
  [
    { discover: { srv: 'a', resolver: ['nowhere'] } },
    "upstream 'site': discover.resolver 'nowhere' names no DNS server; write an address, as 10.0.0.2",
  ],
  [
    { servers: ['http://127.0.0.1:1'], sticky: { secrets: ['short'] } },
    "upstream 'site': a secret must have 16 bytes or more",
  ],
])('%j is refused with the upstream and the mend', async (upstream, message) => {
  const config = { upstreams: { site: upstream }, routes: [{ proxy: 'site' }] };
  await expect(createUpstreams(config, { addresses: {}, folder: '.', log })).rejects.toThrow(message);
});

import { STRATEGIES } from '@highball/balancer';
import { expect, test } from 'vitest';
import { createLog } from '../../src/log.ts';
import { createUpstreams } from '../../src/site/upstreams.ts';
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
    const upstreams = createUpstreams(
      { upstreams: { site: { servers, balance } }, routes: [{ proxy: 'site' }] },
      { addresses: {}, folder: '.', log },
    );
    await upstreams.start();
    const app = upstreams.applications.get('site');
    for (let i = 0; i < 9; i++) {
      const environ = environOf('GET /', { REMOTE_ADDR: `192.0.${i}.${i}` });
      const { status, body } = await call(app as NonNullable<typeof app>, environ);
      expect([status, ['one', 'two'].includes(body)]).toEqual(['200 OK', true]);
    }
    upstreams.close();
  },
);

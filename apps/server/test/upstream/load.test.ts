import type { ResponseRecord } from '@highball/async-worker';
import type { Application, Environ } from '@highball/gateway-protocol';
import { expect, test } from 'vitest';
import { createLog } from '../../src/log.ts';
import { createUpstreams } from '../../src/site/upstreams.ts';
import { tellLoad } from '../../src/upstream/load.ts';
import { Site } from '../started.ts';
import { call, environOf } from '../support.ts';
import { Behind, get } from './support.ts';

const context = { id: 1, pool: 'x', pid: 1, generation: 1 };

test('a worker tells its delay and the requests that it has besides this one', async () => {
  const told: string[] = [];
  const hooked = tellLoad(
    { context, app: (_, startResponse) => (startResponse('200 OK', Object.freeze([]) as never), []) },
    () => 1.5,
  );
  const environs: Environ[] = [];
  for (let i = 0; i < 3; i++) {
    const environ = environOf('GET /');
    environs.push(environ);
    const { headers } = await call(hooked.app, environ);
    told.push(String(headers));
  }
  expect(told).toEqual([0, 1, 2].map((queue) => `X-Highball-Load,delay=1.5, queue=${queue}`));
  for (const environ of environs) hooked.onResponse?.({ environ } as unknown as ResponseRecord);
  // One that was refused before it came to the application.
  hooked.onResponse?.({ environ: environOf('GET /') } as unknown as ResponseRecord);
  expect(String((await call(hooked.app, environOf('GET /'))).headers)).toContain('queue=0');
});

test('the balancer goes by it, and no client sees it', async () => {
  await using busy = await Behind.start('busy');
  await using free = await Behind.start('free');
  for (const [server, queue] of [
    [busy, 90],
    [free, 0],
  ] as const)
    server.behave = (_, response) =>
      void response.setHeader('X-Highball-Load', `delay=0, queue=${queue}`).end(server.name);
  const log = createLog({ level: 'silent', format: 'text', process: 'test' });
  const upstreams = await createUpstreams(
    {
      upstreams: { site: { servers: [busy.url, free.url], balance: 'least-load' } },
      routes: [{ proxy: 'site' }],
    },
    { addresses: {}, folder: '.', log },
  );
  const app = upstreams.application('site') as Application;
  const names: string[] = [];
  for (let i = 0; i < 12; i++) {
    const { headers, body } = await call(app, environOf('GET /'));
    expect(String(headers)).not.toContain('X-Highball-Load');
    names.push(body);
  }
  // Of a server that has told nothing yet the balancer knows only what it has sent there.
  expect(names.filter((name) => name === 'busy').length).toBeLessThan(3);
  upstreams.close();
});

test('least-load over an application of several instances: answers come without the field', async () => {
  await using site = await Site.make({
    'highball.config.mjs': `export default {
      workers: 1,
      upstreams: { own: { app: './app.mjs', instances: 2, balance: 'least-load' } },
      routes: [{ proxy: 'own' }],
    };`,
  });
  const { program, port } = await site.runConfig();
  const pids = new Set<unknown>();
  for (let i = 0; i < 20; i++) {
    const answer = await get(port);
    expect(answer).toMatch(/^HTTP\/1\.1 200 /);
    expect(answer).not.toContain('X-Highball-Load');
    pids.add(/"pid":(\d+)/.exec(answer)?.[1]);
  }
  expect(pids.size).toBe(2);
  const [, direct = ''] = /own-1 +workers \d+ on unix:(\S+)/.exec(program.stdout) ?? [];
  expect(await get(direct)).toMatch(/^X-Highball-Load: delay=[\d.]+, queue=0\r$/m);
});

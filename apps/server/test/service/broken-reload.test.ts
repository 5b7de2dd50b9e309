import { RawClient } from '@highball/testkit';
import { expect, test } from 'vitest';
import { Site, WHO, who } from '../started.ts';

const request = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`;

const BROKEN = {
  'cannot be parsed': 'export const app = ((',
  'throws while it is loaded': "throw new Error('broken on purpose');",
  'exports no application': 'export const other = 1;',
  'ends its process': 'process.exit(1);',
};

test('a reload with a broken module leaves the service as it was, however it is broken', async () => {
  await using site = await Site.make();
  const { port, program } = await site.serve(['-w', '2', '--keep-alive', '60']);
  const before = (await site.status()).pools[0]?.workers.map(({ pid }) => pid);
  const client = await RawClient.connect(port);
  client.send(request('/kept'));
  await client.until(/"path":"\/kept"/);

  for (const [kind, text] of Object.entries(BROKEN)) {
    await site.write('app.mjs', text);
    const logged = program.output.length;
    program.signal('SIGHUP');
    // A request that is on its way while the reload fails.
    const slow = who(port, '/slow');
    await expect
      .poll(() => program.output.slice(logged), { message: kind })
      .toContain('the reload is given up; the old workers stay in service');
    expect((await slow).path, kind).toBe('/slow');
    // The same workers, and the same connection.
    client.received = '';
    client.send(request('/still-kept'));
    await client.until(/"path":"\/still-kept"/);
    const [pool] = (await site.status()).pools;
    expect(
      pool?.workers.map(({ pid }) => pid),
      kind,
    ).toEqual(before);
    expect(pool, kind).toMatchObject({ state: 'running', reloading: false, generation: 1 });
  }
  client.destroy();

  await site.write('app.mjs', WHO);
  const control = await site.control();
  await control.call('reload');
  expect(before).not.toContain((await who(port)).pid);
});

import { expect, test } from 'vitest';
import { Site } from '../started.ts';
import { Behind, get } from './support.ts';

test('a cached answer has no X-Request-Id and no Server-Timing of whoever fetched it', async () => {
  await using behind = await Behind.start('behind');
  behind.behave = (_, response) =>
    void response.writeHead(200, { 'Cache-Control': 's-maxage=60' }).end('made');
  await using site = await Site.make({
    'highball.config.mjs': `export default { workers: 1,
      upstreams: { behind: { servers: ['${behind.url}'], forward: { serverTiming: true } } },
      routes: [{ proxy: 'behind', cache: true }] };`,
  });
  const { port } = await site.runConfig();
  const first = await get(port, '/', 'X-Request-Id: of-the-first\r\n');
  expect(first).toMatch(/^X-Request-Id: of-the-first\r$/m);
  expect(first).toMatch(/^Server-Timing: /m);
  const second = await get(port, '/', 'X-Request-Id: of-the-second\r\n');
  expect(second).toMatch(/^Cache-Status: .*hit/m);
  expect(second).not.toContain('of-the-first');
  expect(second).not.toMatch(/^Server-Timing: /m);
  expect(behind.asked).toHaveLength(1);
});

import { createWorker } from '@highball/async-worker';
import { temporaryFolder } from '@highball/testkit';
import { expect, test } from 'vitest';
import { askAll } from '../conformance/ask-all.ts';
import { makeSite } from '../conformance/site.ts';
import { staticCache } from '../src/index.ts';

/** The same probes on other servers: conformance/run.ts. */
test('every probe of the table is answered as it should be', async () => {
  await using folder = await temporaryFolder();
  const worker = createWorker(staticCache(await makeSite(folder.path)));
  const { port } = await worker.listen({ port: 0 });
  const outcomes = await askAll({
    codings: ['gzip', 'br'],
    port: () => port,
    revive: () => Promise.resolve(false),
  });
  await worker.close();
  const wrong = outcomes.filter(({ verdict }) => verdict !== 'right');
  expect(wrong.map(({ probe, status }) => `${probe.group}: ${probe.name}: ${status}`)).toEqual([]);
  expect(outcomes.length).toBeGreaterThanOrEqual(60);
});

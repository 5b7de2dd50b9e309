/**
 * Whether the built packages are faster than the TypeScript sources from which Node strips the types: a hello-world by
 * `highball serve`, installed and from the checkout, in turns; and how long each takes to its first answer.
 *
 *     node -C @highball/source benchmarks/experiments/sources.ts [seconds] [rounds]
 */
import { highballBin, temporaryFolder } from '@highball/testkit';
import { prepareFolder } from '../folder.ts';
import { type Contender, startServer } from '../server.ts';
import { serve } from '../servers/highball.ts';
import { median, ratioOf } from '../statistics.ts';
import { runWrk } from '../wrk.ts';

const [seconds = '2', rounds = '3'] = process.argv.slice(2);
const sources: Contender = {
  name: 'sources',
  needs: [],
  prepare: ({ port }) => [
    { argv: [process.execPath, highballBin, 'serve', 'hello.ts:app', '-b', `127.0.0.1:${port}`] },
  ],
};
await using folder = await temporaryFolder();
await prepareFolder(folder.path);
const starts: number[][] = [[], []];
const costs: number[][] = [[], []];
for (let round = 0; round < Number(rounds); round++) {
  for (const [i, contender] of [serve('hello.ts:app'), sources].entries()) {
    const begun = performance.now();
    await using server = await startServer(contender, { folder: folder.path });
    starts[i]?.push(performance.now() - begun);
    const load = { connections: 64, client: 'browser', paths: ['/'] } as const;
    await runWrk(server.port, load, 1);
    const before = server.cpuMs();
    const { requests } = await runWrk(server.port, load, Number(seconds));
    costs[i]?.push(((server.cpuMs() - before) * 1000) / requests);
  }
}
const [built = [], stripped = []] = costs;
const inUs = (each: readonly number[]): string => each.map((us) => us.toFixed(1)).join(', ');
console.log(`CPU µs of a request, built: ${inUs(built)}; sources: ${inUs(stripped)}`);
const { value, least, most } = ratioOf(built, stripped);
console.log(`ratio: ${value.toFixed(2)} (${least.toFixed(2)} to ${most.toFixed(2)})`);
const [ofBuilt, ofSources] = starts.map((each) => Math.round(median(each)));
console.log(`ms to the first answer, built: ${ofBuilt}; sources: ${ofSources}`);

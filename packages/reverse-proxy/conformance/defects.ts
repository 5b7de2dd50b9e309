// The known defects of proxies, asked of ours and of others in one run. From the root of the repository:
//   node -C @highball/source packages/reverse-proxy/conformance/defects.ts > packages/reverse-proxy/docs/defects.md
// Needs nginx, haproxy and caddy; one that is missing is left out. Ends with 1 when ours has a defect.
import { startHostileUpstream } from './hostile-upstream.ts';
import { probes, type Verdict } from './probes.ts';
import {
  type RunningProxy,
  startCaddy,
  startHaproxy,
  startHttpProxy3,
  startNginx,
  startOurs,
} from './proxies.ts';

const starters = [startOurs, startNginx, startHaproxy, startCaddy, startHttpProxy3];
const columns: { name: string; verdicts: Verdict[] }[] = [];

// A proxy that lets one of its own errors through to the process must not end the run of the others.
process.on('uncaughtException', (error) => console.error(`# uncaught: ${error.message}`));

for (const start of starters) {
  // Each has an upstream of its own: what one leaves behind is not the next one's fault.
  const upstream = await startHostileUpstream();
  let proxy: RunningProxy;
  try {
    proxy = await start(upstream.port);
  } catch (error) {
    console.error(`# ${start.name}: ${(error as Error).message.split('\n')[0]}`);
    await upstream.stop();
    continue;
  }
  const verdicts: Verdict[] = [];
  for (const probe of probes) verdicts.push(await probe.ask(proxy.port, upstream));
  columns.push({ name: proxy.name, verdicts });
  await proxy.stop();
  await upstream.stop();
}

const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
const lines = [
  '# What proxies do when upstreams misbehave',
  '',
  'Printed by `node -C @highball/source packages/reverse-proxy/conformance/defects.ts`: each probe is asked of all in one run, over raw sockets, in front of an upstream that misbehaves as the probe wants. What is not in order is set in *italics*. The others have the usual configuration for a proxy with kept-alive connections, and one second of silence allowed; see [proxies.ts](../conformance/proxies.ts).',
  '',
  row(['probe', ...columns.map(({ name }) => name)]),
  row(['---', ...columns.map(() => '---')]),
  ...probes.map(({ name }, i) =>
    row([
      name,
      ...columns.map(({ verdicts }) => (verdicts[i]?.good ? verdicts[i].text : `*${verdicts[i]?.text}*`)),
    ]),
  ),
  '',
  row([
    'in order',
    ...columns.map(({ verdicts }) => `${verdicts.filter(({ good }) => good).length} of ${probes.length}`),
  ]),
];
console.log(lines.join('\n'));
process.exitCode = columns[0]?.verdicts.every(({ good }) => good) ? 0 : 1;

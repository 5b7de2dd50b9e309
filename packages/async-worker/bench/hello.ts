/**
 * Requests per second of the worker and of node:http, alternating in one run, so that whatever else the machine
 * does meets both. Beside wrk's figure stands the CPU time that the server took for a request, which a busy
 * neighbour moves less.
 *
 *     node -C @highball/source bench/hello.ts [rounds] [seconds]
 */
import { median, runWrk, startServer } from './support.ts';

const [rounds = 7, seconds = 2] = process.argv.slice(2).map(Number);
const names = ['highball', 'node-http'] as const;
const servers = await Promise.all(names.map(async (name) => ({ name, server: await startServer(name) })));
const rates: Record<string, number[]> = { highball: [], 'node-http': [] };
const costs: Record<string, number[]> = { highball: [], 'node-http': [] };

for (let round = 0; round <= rounds; round++) {
  for (const { name, server } of servers) {
    const before = server.cpuMs();
    const { requestsPerSecond, requests } = await runWrk(server.port, seconds);
    // The first round warms both up.
    if (round === 0) continue;
    rates[name]?.push(requestsPerSecond);
    costs[name]?.push(((server.cpuMs() - before) * 1000) / requests);
  }
}
for (const { server } of servers) await server.stop();

const rows = names.map((name) => ({
  'requests/s (median)': Math.round(median(rates[name] ?? [])),
  best: Math.round(Math.max(...(rates[name] ?? []))),
  'CPU µs/request (median)': Number(median(costs[name] ?? []).toFixed(1)),
}));
console.table({ 'async-worker': rows[0], 'node:http': rows[1] });
const ratios = (rates['highball'] ?? []).map((rate, i) => rate / (rates['node-http']?.[i] ?? Number.NaN));
console.log(`ratio of each round: ${ratios.map((ratio) => ratio.toFixed(2)).join(' ')}`);
console.log(`ratio, median: ${median(ratios).toFixed(2)}`);

// Choices a second of processor time: node -C @highball/source bench/picks.ts
// A choice is pick() and release(), with 32 requests under way; the walk is nginx's loop over all peers, to compare.
import { type Balancer, createBalancer, type Peer, STRATEGIES } from '@highball/balancer';

const SIZES = [10, 10_000];
const UNDER_WAY = 32;
const ROUND = 2000;
const LEAST_MS = 400;
const KEYS = Array.from({ length: 1024 }, (_, i) => `10.${i >> 8}.${(i * 7) & 255}.${i & 255}`);

/** Milliseconds of processor time: other programs on the machine do not count. */
const cpuMs = (): number => process.cpuUsage().user / 1000;

/** Runs rounds until the time is over; returns how many choices there were in a second of processor time. */
function perSecond(choose: (i: number) => void): number {
  for (let i = 0; i < ROUND; i++) choose(i);
  const start = cpuMs();
  let done = 0;
  while (cpuMs() - start < LEAST_MS) {
    for (let i = 0; i < ROUND; i++) choose(i);
    done += ROUND;
  }
  return (done / (cpuMs() - start)) * 1000;
}

function choices(balancer: Balancer): number {
  const held: (Peer | undefined)[] = Array.from({ length: UNDER_WAY });
  return perSecond((i) => {
    const place = i % UNDER_WAY;
    const before = held[place];
    if (before !== undefined) balancer.release(before, 'ok', { rttMs: 1 + (i % 7) });
    held[place] = balancer.pick({ key: KEYS[i % KEYS.length] as string });
  });
}

/** Smooth weighted round robin as nginx has it: every peer is looked at with every request. */
function walk(size: number): number {
  const peers = Array.from({ length: size }, () => ({ weight: 1, current: 0 }));
  return perSecond(() => {
    let total = 0;
    let best: (typeof peers)[number] | undefined;
    for (const peer of peers) {
      peer.current += peer.weight;
      total += peer.weight;
      if (best === undefined || peer.current > best.current) best = peer;
    }
    if (best !== undefined) best.current -= total;
  });
}

const peers = (size: number): { id: string }[] =>
  Array.from({ length: size }, (_, i) => ({ id: `http://10.1.${i >> 8}.${i & 255}:8000` }));
const cell = (perSecond: number): string => `${(perSecond / 1e6).toFixed(perSecond < 1e6 ? 3 : 1)} M`;

console.log(`| strategy | ${SIZES.map((size) => `${size} peers`).join(' | ')} |\n| --- | --- | --- |`);
for (const strategy of STRATEGIES.filter((name) => name !== 'ip-hash')) {
  const rates = SIZES.map((size) => choices(createBalancer({ peers: peers(size), strategy })));
  console.log(`| \`${strategy}\` | ${rates.map(cell).join(' | ')} |`);
}
console.log(`| a walk over all peers | ${SIZES.map((size) => cell(walk(size))).join(' | ')} |`);

import type { Environ, StartResponse } from '@highball/gateway-protocol';
import { httpCache } from '../src/index.ts';
import { environOf } from '../test/support.ts';
import { app } from './application.ts';

/** What a hit in memory costs without a server around it: `node -C @highball/source bench/in-process.ts`. */
const HITS = 300_000;
const ROUNDS = 7;

const cached = httpCache()(app);
const start: StartResponse = () => () => undefined;
const environs: readonly Environ[] = Array.from({ length: 64 }, () =>
  environOf({ path: '/', fields: { 'Accept-Encoding': 'gzip, deflate, br, zstd' } }),
);

function run(): number {
  const beganMs = performance.now();
  for (let i = 0; i < HITS; i++) void cached(environs[i % environs.length] as Environ, start);
  return ((performance.now() - beganMs) / HITS) * 1e6;
}

await cached(environs[0] as Environ, start);
run();
const nanoseconds = Array.from({ length: ROUNDS }, run);
process.stdout.write(`a hit takes ${Math.round(Math.min(...nanoseconds))} ns\n`);

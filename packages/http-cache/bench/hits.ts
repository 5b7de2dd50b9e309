import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createWorker } from '@highball/async-worker';
import { findPeer, freePort, missingPeers, nginxArguments, Program } from '@highball/testkit';
import { httpCache } from '../src/index.ts';
import { app } from './application.ts';

/**
 * Hits a second, against nginx with proxy_cache, one worker each, in one run:
 * `node -C @highball/source bench/hits.ts [seconds]`.
 */
const SECONDS = process.argv[2] ?? '3';
const REQUEST = [
  '-H', 'User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36',
  '-H', 'Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8',
  '-H', 'Accept-Language: en-US,en;q=0.9,de;q=0.8', '-H', 'Accept-Encoding: gzip, deflate, br, zstd',
]; // prettier-ignore

/** Requests a second of wrk with 64 connections. */
async function measure(url: string): Promise<number> {
  const wrk = spawn(findPeer('wrk') as string, ['-t1', '-c64', `-d${SECONDS}s`, ...REQUEST, url]);
  let out = '';
  wrk.stdout.on('data', (text: Buffer) => (out += text.toString()));
  await once(wrk, 'close');
  return Number(/Requests\/sec:\s*([\d.]+)/.exec(out)?.[1]);
}

const missing = missingPeers('nginx', 'wrk');
if (missing !== undefined) {
  process.stdout.write(`${missing}\n`);
} else {
  const cached = createWorker(httpCache()(app));
  const plain = createWorker(app);
  const { port } = (await cached.listen({ port: 0, host: '127.0.0.1' })) as { port: number };
  const { port: origin } = (await plain.listen({ port: 0, host: '127.0.0.1' })) as { port: number };
  const folder = mkdtempSync(join(tmpdir(), 'http-cache-bench-'));
  const nginxPort = await freePort();
  const args = await nginxArguments(
    folder,
    `proxy_cache_path ${folder}/cache keys_zone=one:10m;
server {
  listen 127.0.0.1:${nginxPort};
  location / { proxy_pass http://127.0.0.1:${origin}; proxy_cache one; add_header X-Cache $upstream_cache_status; }
}`,
  );
  const nginx = new Program(findPeer('nginx') as string, args);
  await new Promise((resolve) => setTimeout(resolve, 500));
  try {
    for (const wanted of ['MISS', 'HIT']) {
      const response = await fetch(`http://127.0.0.1:${nginxPort}/`, {
        headers: { 'accept-encoding': 'gzip' },
      });
      if (response.headers.get('x-cache') !== wanted) throw new Error('nginx does not cache');
      await response.text();
    }
    const theirs = await measure(`http://127.0.0.1:${nginxPort}/`);
    const without = await measure(`http://127.0.0.1:${origin}/`);
    const ours = await measure(`http://127.0.0.1:${port}/`);
    const again = await measure(`http://127.0.0.1:${nginxPort}/`);
    const nginxRate = Math.max(theirs, again);
    process.stdout.write(
      `nginx proxy_cache ${Math.round(nginxRate)}/s; a hit ${Math.round(ours)}/s, ${(ours / nginxRate).toFixed(2)} of it; ` +
        `the application without the cache ${Math.round(without)}/s\n`,
    );
  } finally {
    await nginx.stop();
    await cached.close();
    await plain.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

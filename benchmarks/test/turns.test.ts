import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { missingPeers } from '@highball/testkit';
import { expect, onTestFinished, test } from 'vitest';
import { parseOptions } from '../options.ts';
import type { RunningServer } from '../server.ts';
import { takeTurns } from '../turns.ts';

async function serverOf(
  name: string,
  status: number,
  paths: string[] = [],
  cookies: (string | undefined)[] = [],
): Promise<RunningServer> {
  const server = createServer((request, response) => {
    paths.push(request.url ?? '');
    cookies.push(request.headers.cookie);
    response.writeHead(status, { 'Content-Length': 2 }).end('ok');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  return {
    name,
    port,
    pids: [process.pid],
    cpuMs: () => process.cpuUsage().user / 1000,
    residentBytes: () => 1,
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

const why = missingPeers('wrk');

test.skipIf(why !== undefined)(
  'servers take turns, all paths are asked for, and one that fails has no figures',
  { timeout: 30_000 },
  async () => {
    const paths: string[] = [];
    const servers = [await serverOf('good', 200, paths), await serverOf('bad', 500)];
    const measured = await takeTurns(
      { work: 'test', paths: ['/a', '/b'], conditional: false, cookies: false, answers: new Map() },
      { connections: 4, client: 'bare' },
      servers,
      { options: parseOptions(['--rounds', '1']), folder: '', log: () => undefined },
    );
    const [good, bad] = measured;
    expect(good?.rates).toHaveLength(1);
    expect(good?.detail?.perSecond).toBeGreaterThan(0);
    expect(good?.detail?.bytes).toBeGreaterThan(50);
    expect(new Set(paths)).toEqual(new Set(['/a', '/b']));
    expect(bad).toMatchObject({ server: 'bad', rates: [] });
    expect(bad?.failure).toMatch(/^bad, 4 connections, bare: \d+ of \d+ requests have failed/);
    expect(bad?.detail).toBeUndefined();
  },
);

test.skipIf(why !== undefined).each([
  [true, 'another cookie in each request'],
  [false, 'the same cookie in all'],
])('where cookies differ is %s, a browser sends %s', { timeout: 30_000 }, async (cookies) => {
  const sent: (string | undefined)[] = [];
  const paths: string[] = [];
  await takeTurns(
    { work: 'test', paths: ['/a', '/b'], conditional: false, cookies, answers: new Map() },
    { connections: 1, client: 'browser' },
    [await serverOf('good', 200, paths, sent)],
    { options: parseOptions(['--rounds', '1']), folder: '', log: () => undefined },
  );
  expect(new Set(sent.slice(0, 500)).size).toBe(cookies ? 500 : 1);
  expect(new Set(paths)).toEqual(new Set(['/a', '/b']));
});

import { exchange } from '@highball/testkit';
import { describe, expect, test } from 'vitest';
import { echo, get, headEnd, ok, startProxy, startUpstream, type Upstream } from './support.ts';

describe('hedging', () => {
  test('asks a second peer when the first is silent; the quicker one counts, the other is left', async () => {
    await using slow = await startUpstream(() => undefined);
    await using quick = await echo('quick');
    await using proxy = await startProxy([slow.url, quick.url], { hedge: { delayMs: 30 } });
    for (let i = 0; i < 3; i++) expect(await exchange(proxy.port, get('/'))).toMatch(/quick$/);
    await expect.poll(() => slow.sockets.every(({ destroyed }) => destroyed)).toBe(true);
  });

  test('is within the budget of retries', async () => {
    const slowly = (): Promise<Upstream> =>
      startUpstream((socket, received) => {
        if (received.endsWith(headEnd)) setTimeout(() => socket.write(ok('x')), 60);
      });
    await using one = await slowly();
    await using two = await slowly();
    await using proxy = await startProxy([one.url, two.url], { hedge: { delayMs: 5 } });
    for (let i = 0; i < 10; i++) await exchange(proxy.port, get('/'));
    const asked = [...one.received, ...two.received].join('').match(/^GET /gm)?.length;
    expect(asked).toBeGreaterThan(10);
    expect(asked).toBeLessThanOrEqual(10 + 3);
  });

  test('never for what is not GET or HEAD', async () => {
    await using slow = await startUpstream(() => undefined);
    await using other = await startUpstream(() => undefined);
    const options = { hedge: { delayMs: 20 }, readTimeoutMs: 150 };
    await using proxy = await startProxy([slow.url, other.url], options);
    expect(await exchange(proxy.port, get('/', '', 'DELETE'))).toMatch(/^HTTP\/1\.1 504 /);
    expect(slow.sockets.length + other.sockets.length).toBe(1);
  });
});

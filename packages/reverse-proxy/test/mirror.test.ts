import { exchange, freePort } from '@highball/testkit';
import { describe, expect, test } from 'vitest';
import { echo, get, post, startProxy, startUpstream } from './support.ts';

describe('mirroring', () => {
  test('sends a copy, whose answer and whose failure are nobody’s', async () => {
    await using upstream = await echo('real');
    await using shadow = await echo('shadow');
    await using proxy = await startProxy([upstream.url], {
      mirror: { upstream: shadow.url, maxBodyBytes: 4 },
    });
    expect(await exchange(proxy.port, post('body'))).toMatch(/real$/);
    await expect.poll(() => shadow.received[0]).toMatch(/^POST \/ [^]*\r\n\r\nbody$/);
    await exchange(proxy.port, post('too long'));
    await exchange(proxy.port, get('/after'));
    await expect.poll(() => shadow.received.join('')).toContain('GET /after');
    expect(shadow.received.join('')).not.toContain('too long');
  });

  test('that hangs holds nothing up, and is capped', async () => {
    await using upstream = await echo('real');
    await using shadow = await startUpstream(() => undefined);
    const mirror = { upstream: shadow.url, maxConcurrent: 2 };
    await using proxy = await startProxy([upstream.url], { mirror });
    for (let i = 0; i < 5; i++) expect(await exchange(proxy.port, get('/'))).toMatch(/real$/);
    await expect.poll(() => shadow.sockets.length).toBe(2);
  });

  test('that never comes to its end is given up', async () => {
    const beats: NodeJS.Timeout[] = [];
    await using upstream = await echo('real');
    await using shadow = await startUpstream((socket) => {
      socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n');
      beats.push(setInterval(() => socket.write('1\r\nx\r\n'), 20));
    });
    const mirror = { upstream: shadow.url, timeoutMs: 150 };
    await using proxy = await startProxy([upstream.url], { mirror });
    await exchange(proxy.port, get('/'));
    await expect.poll(() => shadow.sockets[0]?.closed).toBe(true);
    for (const beat of beats) clearInterval(beat);
  });

  test('that is down changes nothing', async () => {
    await using upstream = await echo('real');
    const mirror = { upstream: `http://127.0.0.1:${await freePort()}` };
    await using proxy = await startProxy([upstream.url], { mirror });
    expect(await exchange(proxy.port, get('/'))).toMatch(/real$/);
    expect(proxy.errors).toEqual([]);
  });
});

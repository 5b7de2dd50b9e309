import { closeBody } from '@highball/gateway-protocol';
import { describe, expect, test } from 'vitest';
import { Farm, HOUR, pieceByPiece, pieces, SOON } from './farm.ts';
import { begin, type Bench, gate } from './support.ts';

describe('caches that share a folder', () => {
  test('stream what another is fetching, while it comes', async () => {
    const rest = gate();
    await using farm = await Farm.make(2, () => ({
      fields: HOUR,
      body: pieces('first ', rest.opened, 'second'),
    }));
    const [one, two] = farm.caches as [Bench, Bench];
    const leading = one.ask();
    await expect.poll(() => farm.asked, SOON).toBe(1);
    const follower = await begin(two.app);
    const next = pieceByPiece(follower.body);
    expect(await next()).toBe('first ');
    rest.open();
    expect(await next()).toBe('second');
    expect(await next()).toBeUndefined();
    expect((await leading).body).toBe('first second');
    expect((await two.ask()).body).toBe('first second');
    expect(farm.asked).toBe(1);
  });

  test('read a large body from its file when they come late', async () => {
    const rest = gate();
    const piece = 'x'.repeat(40_000);
    await using farm = await Farm.make(
      2,
      () => ({
        fields: HOUR,
        body: (async function* () {
          for (const digit of '0123456789') {
            if (digit === '8') await rest.opened;
            yield digit + piece;
          }
        })(),
      }),
      { maxMemoryObjectBytes: 100_000 },
    );
    const [one, two] = farm.caches as [Bench, Bench];
    const reading = [one.ask()];
    await expect.poll(() => farm.asked, SOON).toBe(1);
    // By now what the first reader has had is not in memory any more.
    for (const cache of [two, one, two, one, two]) {
      await new Promise((resolve) => setTimeout(resolve, 30));
      reading.push(cache.ask());
    }
    await new Promise((resolve) => setTimeout(resolve, 30));
    rest.open();
    const whole = [...'0123456789'].map((digit) => digit + piece).join('');
    for (const { body } of await Promise.all(reading)) expect(body === whole).toBe(true);
    expect(farm.asked).toBe(1);
  });

  test('go on with a body for another when the client has left that it was begun for', async () => {
    const rest = gate();
    await using farm = await Farm.make(2, () => ({
      fields: HOUR,
      body: pieces('first ', rest.opened, 'second'),
    }));
    const [one, two] = farm.caches as [Bench, Bench];
    const leaving = await begin(one.app);
    const following = await begin(two.app);
    const next = pieceByPiece(following.body);
    expect(await next()).toBe('first ');
    await closeBody(leaving.body);
    rest.open();
    expect(await next()).toBe('second');
    expect(await next()).toBeUndefined();
    expect(farm.asked).toBe(1);
  });
});

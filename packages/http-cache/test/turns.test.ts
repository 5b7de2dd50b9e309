import { join } from 'node:path';
import { temporaryFolder } from '@highball/testkit';
import { describe, expect, test } from 'vitest';
import { Turns } from '../src/turns.ts';
import { Farm, HOUR, SOON } from './farm.ts';
import { Bench, gate, settle } from './support.ts';

describe('caches that share a folder', () => {
  test('ask once for what all of them miss at the same time', async () => {
    const head = gate();
    await using farm = await Farm.make(4, async () => {
      await head.opened;
      return { fields: HOUR, body: ['made once'] };
    });
    const asking = farm.caches.flatMap((cache) => Array.from({ length: 10 }, () => cache.ask()));
    await expect.poll(() => farm.asked, SOON).toBe(1);
    head.open();
    const answers = await Promise.all(asking);
    expect(new Set(answers.map(({ body }) => body))).toEqual(new Set(['made once']));
    const collapsed = answers.filter((answer) => answer.get('Cache-Status')?.includes('collapsed'));
    expect(collapsed).toHaveLength(39);
    expect(farm.asked).toBe(1);
    await expect.poll(() => farm.locks, SOON).toEqual([]);
  });

  test('let all go at once when it is not to be stored, and remember that everywhere', async () => {
    const head = gate();
    const all = gate();
    await using farm = await Farm.make(3, async (index) => {
      if (index === 0) await head.opened;
      // None of these is answered before all are here: they do not go one after another.
      else if (index < 9) {
        if (index === 8) all.open();
        await all.opened;
      }
      return { fields: { 'Cache-Control': 'no-store' }, body: [`answer ${index}`] };
    });
    const asking = farm.caches.flatMap((cache) => [cache.ask(), cache.ask(), cache.ask()]);
    await expect.poll(() => farm.asked, SOON).toBe(1);
    await settle();
    head.open();
    expect(new Set((await Promise.all(asking)).map(({ body }) => body)).size).toBe(9);
    await Promise.all(farm.caches.map((cache) => cache.ask({ fields: { 'If-None-Match': '"x"' } })));
    // What is known not to be stored goes on unchanged.
    expect(farm.caches.map((cache) => cache.requests.at(-1)?.HTTP_IF_NONE_MATCH)).toEqual([
      '"x"',
      '"x"',
      '"x"',
    ]);
  });

  test('hear from who fetched it that it is not to be stored, and do not wait for one another', async () => {
    const head = gate();
    await using farm = await Farm.make(1, async () => {
      await head.opened;
      return { fields: { 'Cache-Control': 'no-store' } };
    });
    const [cache] = farm.caches as [Bench];
    const other = new Turns(farm.path);
    const turn = await other.take('http://site.example/');
    if (turn.kind !== 'lead') throw new Error(turn.kind);
    const asking = [cache.ask()];
    await expect.poll(() => turn.lead.followers, SOON).toBe(1);
    await turn.lead.end({ kind: 'nothing', passUntilMs: cache.nowMs + 1000 });
    await expect.poll(() => farm.asked, SOON).toBe(1);
    // The first of these would be fetched for all otherwise.
    asking.push(cache.ask(), cache.ask(), cache.ask());
    await expect.poll(() => farm.asked, SOON).toBe(4);
    head.open();
    await Promise.all(asking);
    await other.close();
  });

  test('look once more when their turn has come: it may be there', async () => {
    await using farm = await Farm.make(3, () => ({ fields: HOUR }));
    const paths = Array.from({ length: 150 }, (_, index) => `/${index}`);
    for (const [nth, path] of paths.entries()) {
      const asking = farm.caches.map(async (cache, index) => {
        // The others come when the first has just stored it, or is about to.
        const until = performance.now() + (index * (nth % 50)) / 20;
        while (performance.now() < until) await new Promise((resolve) => setImmediate(resolve));
        return await cache.ask({ path });
      });
      await Promise.all(asking);
    }
    expect(farm.asked).toBe(150);
  });

  test('ask once whether a stale response is still good', async () => {
    const head = gate();
    await using farm = await Farm.make(3, async (index) => {
      const fields = { 'Cache-Control': 'max-age=10', ETag: '"a"' };
      if (index === 0) return { fields, body: ['text'] };
      await head.opened;
      return { status: '304 Not Modified', fields, body: [] };
    });
    await farm.caches[0]?.ask();
    await farm.caches[0]?.cache.settled();
    for (const cache of farm.caches) await cache.ask();
    farm.wait(11);
    const asking = farm.caches.flatMap((cache) => [cache.ask(), cache.ask()]);
    await expect.poll(() => farm.asked, SOON).toBe(2);
    await settle();
    head.open();
    const answers = await Promise.all(asking);
    expect(answers.map(({ body }) => body)).toEqual(Array.from({ length: 6 }, () => 'text'));
    expect(farm.asked).toBe(2);
  });

  test('refresh in the background once', async () => {
    await using farm = await Farm.make(3, (index) => ({
      fields: { 'Cache-Control': 'max-age=10, stale-while-revalidate=100' },
      body: [`answer ${index + 1}`],
    }));
    await farm.caches[0]?.ask();
    await farm.caches[0]?.cache.settled();
    for (const cache of farm.caches) await cache.ask();
    farm.wait(11);
    const stale = await Promise.all(farm.caches.flatMap((cache) => [cache.ask(), cache.ask()]));
    expect(new Set(stale.map(({ body }) => body))).toEqual(new Set(['answer 1']));
    for (const cache of farm.caches) {
      await expect.poll(async () => (await cache.ask()).body, SOON).toBe('answer 2');
    }
    expect(farm.asked).toBe(2);
  });

  test('ask once for each variant', async () => {
    const head = gate();
    await using farm = await Farm.make(3, async (_, environ) => {
      await head.opened;
      return { fields: { ...HOUR, Vary: 'X-Kind' }, body: [`for ${environ['HTTP_X_KIND'] as string}`] };
    });
    const kinds = ['a', 'b', 'c', 'a', 'b', 'c'];
    const asking = farm.caches.flatMap((cache) =>
      kinds.map((kind) => cache.ask({ fields: { 'X-Kind': kind } })),
    );
    await expect.poll(() => farm.asked, SOON).toBe(1);
    await settle();
    head.open();
    const answers = await Promise.all(asking);
    expect(answers.map(({ body }) => body)).toEqual(
      [...kinds, ...kinds, ...kinds].map((kind) => `for ${kind}`),
    );
    expect(farm.asked).toBe(3);
  });

  test('do so in a folder with a long name', async () => {
    await using folder = await temporaryFolder();
    const long = join(folder.path, 'x'.repeat(120));
    const head = gate();
    let asked = 0;
    const make = (): Bench =>
      new Bench(
        async () => {
          asked++;
          await head.opened;
          return { fields: HOUR, body: ['made once'] };
        },
        { folder: long },
      );
    const [one, two] = [make(), make()];
    const asking = [one.ask(), two.ask()];
    await expect.poll(() => asked, SOON).toBe(1);
    await new Promise((resolve) => setTimeout(resolve, 50));
    head.open();
    expect((await Promise.all(asking)).map(({ body }) => body)).toEqual(['made once', 'made once']);
    expect(asked).toBe(1);
    await one.cache.close();
    await two.cache.close();
  });
});

import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from '@highball/testkit';
import { describe, expect, test, vi } from 'vitest';
import { purgeFolder } from '../src/index.ts';
import { Lead } from '../src/lead.ts';
import { Farm, HOUR, pieces, SOON } from './farm.ts';
import { begin, Bench, gate, type OriginAnswer, settle } from './support.ts';

describe('caches that share a folder', () => {
  test('wait no longer than they are told to', async () => {
    const never = gate();
    await using farm = await Farm.make(
      2,
      async (index) => {
        if (index === 0) await never.opened;
        return { fields: HOUR, body: [`answer ${index + 1}`] };
      },
      { collapseTimeoutMs: 50 },
    );
    const [one, two] = farm.caches as [Bench, Bench];
    const first = one.ask();
    await expect.poll(() => farm.asked, SOON).toBe(1);
    expect((await two.ask()).body).toBe('answer 2');
    never.open();
    await first;
  });

  test('ask for themselves when the first fails', async () => {
    const fail = gate();
    await using farm = await Farm.make(2, async (index) => {
      if (index > 0) return { fields: HOUR, body: ['well'] };
      await fail.opened;
      throw new Error('no connection');
    });
    const [one, two] = farm.caches as [Bench, Bench];
    const first = one.ask();
    await expect.poll(() => farm.asked, SOON).toBe(1);
    const second = two.ask();
    await settle();
    fail.open();
    await expect(first).rejects.toThrow('no connection');
    expect((await second).body).toBe('well');
  });

  test('go on fetching for another when the client has left that it was begun for', async () => {
    const head = gate();
    let aborted = false;
    await using farm = await Farm.make(2, async (_, environ) => {
      environ['highball.signal']?.().addEventListener('abort', () => (aborted = true));
      await head.opened;
      return { fields: HOUR, body: ['for the other'] };
    });
    const [one, two] = farm.caches as [Bench, Bench];
    const leaving = new AbortController();
    const first = one.ask({ keys: { 'highball.signal': () => leaving.signal } });
    await expect.poll(() => farm.asked, SOON).toBe(1);
    const joined = vi.spyOn(Lead.prototype, 'join');
    const second = two.ask();
    // It has told the first that it waits.
    await expect.poll(() => joined.mock.calls.length, SOON).toBe(1);
    joined.mockRestore();
    leaving.abort();
    expect(aborted).toBe(false);
    head.open();
    expect((await second).body).toBe('for the other');
    await first;
    expect(farm.asked).toBe(1);
  });

  test.each([
    ['by URL', { url: 'http://site.example/' }],
    ['by tag', { tag: 'thing' }],
  ])('do not wait for what was purged %s since it is fetched', async (_, target) => {
    const old = gate();
    await using farm = await Farm.make(3, (index) => ({
      fields: { ...HOUR, 'Cache-Tag': 'thing' },
      body: index > 0 ? [`new ${index}`] : pieces('old ', old.opened, 'rest'),
    }));
    const [one, two, three] = farm.caches as [Bench, Bench, Bench];
    const before = one.ask();
    await expect.poll(() => farm.asked, SOON).toBe(1);
    await settle();
    purgeFolder(farm.path, target);
    const after = await Promise.all([two.ask(), three.ask(), one.ask(), two.ask(), three.ask()]);
    expect(new Set(after.map(({ body }) => body))).toEqual(new Set(['new 1']));
    expect(farm.asked).toBe(2);
    old.open();
    expect((await before).body).toBe('old rest');
    for (const { cache } of farm.caches) await cache.settled();
    for (const cache of farm.caches) expect((await cache.ask()).body).toBe('new 1');
  });

  test('take the place of one that was closed while it fetched', async () => {
    await using folder = await temporaryFolder();
    const never = gate();
    const gone = new Bench(
      async () => {
        await never.opened;
        return { fields: HOUR };
      },
      { folder: folder.path },
    );
    const there = new Bench(() => ({ fields: HOUR, body: ['from the other'] }), { folder: folder.path });
    const lost = gone.ask().catch(() => undefined);
    await expect.poll(() => gone.asked, SOON).toBe(1);
    const waiting = there.ask();
    await expect.poll(() => readdirSync(join(folder.path, 'peers')).length, SOON).toBe(2);
    await gone.cache.close();
    expect((await waiting).body).toBe('from the other');
    never.open();
    await lost;
    await gone.cache.settled();
    await there.cache.close();
  });

  describe('when one is gone in the middle of a body that others have begun to send', () => {
    /** The first answer never ends; what the second is like is for the test. */
    async function lose(second: OriginAnswer): Promise<{ bodies: (string | undefined)[]; asked: number }> {
      const never = gate();
      await using farm = await Farm.make(3, (index) =>
        index > 0
          ? second
          : {
              fields: HOUR,
              body: pieces('first ', never.opened),
            },
      );
      const [leader, ...others] = farm.caches as [Bench, Bench, Bench];
      const lost = leader.ask().catch(() => undefined);
      await expect.poll(() => farm.asked, SOON).toBe(1);
      const reading = others.flatMap(({ app }) => [begin(app), begin(app)]);
      const rests = (await Promise.all(reading)).map(async ({ body }) => {
        let text = '';
        try {
          for await (const piece of body) text += Buffer.from(piece as Uint8Array).toString();
        } catch {
          return undefined;
        }
        return text;
      });
      await leader.cache.close();
      const bodies = await Promise.all(rests);
      never.open();
      await lost;
      await leader.cache.settled();
      return { bodies, asked: farm.asked };
    }

    const cut = [undefined, undefined, undefined, undefined];

    test.each([
      ['in the same pieces', ['first ', 'and second']],
      ['in others', ['fir', 'st and', ' second']],
      ['in one', ['first and second']],
    ])('they send the rest of the same, which is fetched once: %s', async (_, body) => {
      const { bodies, asked } = await lose({ fields: HOUR, body });
      expect(bodies).toEqual(cut.map(() => 'first and second'));
      expect(asked).toBe(2);
    });

    test.each([
      ['another body', { fields: HOUR, body: ['other ', 'and second'] }],
      ['a shorter one', { fields: HOUR, body: ['first'] }],
      ['another version', { fields: { ...HOUR, ETag: '"2"' }, body: ['first and second'] }],
      ['an error', { status: '503 Service Unavailable', body: ['first and second'] }],
    ])('they are cut when what comes is %s', async (_, second) => {
      expect((await lose(second)).bodies).toEqual(cut);
    });
  });

  test('go on when somebody has removed the folder', async () => {
    await using farm = await Farm.make(2, (index) => ({ fields: HOUR, body: [`answer ${index}`] }));
    const [one, two] = farm.caches as [Bench, Bench];
    expect((await one.ask()).body).toBe('answer 0');
    await one.cache.settled();
    rmSync(farm.path, { recursive: true });
    farm.wait(1);
    // What was invalidated before is not known any more: nothing that came before is used.
    expect((await one.ask()).body).toBe('answer 1');
    expect((await two.ask({ path: '/other' })).body).toBe('answer 2');
    await two.cache.settled();
    expect((await one.ask({ path: '/other' })).body).toBe('answer 2');
  });
});

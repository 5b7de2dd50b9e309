import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { closeBody } from '@highball/gateway-protocol';
import { temporaryFolder } from '@highball/testkit';
import { describe, expect, test } from 'vitest';
import type { HttpCacheOptions } from '../src/index.ts';
import { purgeFolder } from '../src/index.ts';
import { Turns } from '../src/turns.ts';
import { begin, Bench, gate, type OriginAnswer, settle } from './support.ts';

const HOUR = { 'Cache-Control': 'max-age=3600' };
/** What goes over a socket or through the file system takes a while, on a machine that others use too. */
const SOON = { timeout: 5000, interval: 5 };

/** Caches that share a folder, as processes do: each has a lock and a socket of its own. The origin is one. */
class Farm implements AsyncDisposable {
  readonly #folder: Awaited<ReturnType<typeof temporaryFolder>>;
  readonly caches: readonly Bench[];
  asked = 0;

  private constructor(
    folder: Awaited<ReturnType<typeof temporaryFolder>>,
    count: number,
    answer: (index: number, environ: Bench['requests'][number]) => OriginAnswer | Promise<OriginAnswer>,
    options: HttpCacheOptions,
  ) {
    this.#folder = folder;
    this.caches = Array.from(
      { length: count },
      () =>
        new Bench((environ) => answer(this.asked++, environ), {
          folder: folder.path,
          invalidationDelayMs: 0,
          ...options,
        }),
    );
  }

  static async make(
    count: number,
    answer: (index: number, environ: Bench['requests'][number]) => OriginAnswer | Promise<OriginAnswer>,
    options: HttpCacheOptions = {},
  ): Promise<Farm> {
    return new Farm(await temporaryFolder(), count, answer, options);
  }

  get path(): string {
    return this.#folder.path;
  }

  /** Locks that are held. */
  get locks(): string[] {
    const folder = join(this.path, 'fetches');
    return existsSync(folder) ? readdirSync(folder) : [];
  }

  wait(seconds: number): void {
    for (const cache of this.caches) cache.wait(seconds);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { cache } of this.caches) await cache.close();
    await this.#folder[Symbol.asyncDispose]();
  }
}

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

  test('stream what another is fetching, while it comes', async () => {
    const rest = gate();
    await using farm = await Farm.make(2, () => ({
      fields: HOUR,
      body: (async function* () {
        yield 'first ';
        await rest.opened;
        yield 'second';
      })(),
    }));
    const [one, two] = farm.caches as [Bench, Bench];
    const leading = one.ask();
    await expect.poll(() => farm.asked, SOON).toBe(1);
    const follower = await begin(two.app);
    const pieces = (follower.body as AsyncIterable<Uint8Array>)[Symbol.asyncIterator]();
    expect(Buffer.from((await pieces.next()).value as Uint8Array).toString()).toBe('first ');
    rest.open();
    expect(Buffer.from((await pieces.next()).value as Uint8Array).toString()).toBe('second');
    expect((await pieces.next()).done).toBe(true);
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
    const second = two.ask();
    // It has told the first that it waits.
    await new Promise((resolve) => setTimeout(resolve, 300));
    leaving.abort();
    expect(aborted).toBe(false);
    head.open();
    expect((await second).body).toBe('for the other');
    await first;
    expect(farm.asked).toBe(1);
  });

  test('go on with a body for another when the client has left that it was begun for', async () => {
    const rest = gate();
    await using farm = await Farm.make(2, () => ({
      fields: HOUR,
      body: (async function* () {
        yield 'first ';
        await rest.opened;
        yield 'second';
      })(),
    }));
    const [one, two] = farm.caches as [Bench, Bench];
    const leaving = await begin(one.app);
    const following = await begin(two.app);
    const pieces = (following.body as AsyncIterable<Uint8Array>)[Symbol.asyncIterator]();
    expect(Buffer.from((await pieces.next()).value as Uint8Array).toString()).toBe('first ');
    await closeBody(leaving.body);
    rest.open();
    expect(Buffer.from((await pieces.next()).value as Uint8Array).toString()).toBe('second');
    expect((await pieces.next()).done).toBe(true);
    expect(farm.asked).toBe(1);
  });

  test.each([
    ['by URL', { url: 'http://site.example/' }],
    ['by tag', { tag: 'thing' }],
  ])('do not wait for what was purged %s since it is fetched', async (_, target) => {
    const old = gate();
    await using farm = await Farm.make(3, (index) => ({
      fields: { ...HOUR, 'Cache-Tag': 'thing' },
      body:
        index > 0
          ? [`new ${index}`]
          : (async function* () {
              yield 'old ';
              await old.opened;
              yield 'rest';
            })(),
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
              body: (async function* () {
                yield 'first ';
                await never.opened;
              })(),
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

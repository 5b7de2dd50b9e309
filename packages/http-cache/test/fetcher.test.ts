import { describe, expect, test } from 'vitest';
import { begin, Bench, gate, settle } from './support.ts';

const HOUR = { 'Cache-Control': 'max-age=3600' };

describe('requests for the same', () => {
  test('wait for the first, and stream from what it has so far', async () => {
    const rest = gate();
    const bench = new Bench(() => ({
      fields: HOUR,
      body: (async function* () {
        yield 'first ';
        await rest.opened;
        yield 'second';
      })(),
    }));
    const leader = bench.ask();
    const follower = await begin(bench.app);
    const pieces = (follower.body as AsyncIterable<Uint8Array>)[Symbol.asyncIterator]();
    expect(Buffer.from((await pieces.next()).value as Uint8Array).toString()).toBe('first ');
    rest.open();
    expect(Buffer.from((await pieces.next()).value as Uint8Array).toString()).toBe('second');
    expect((await pieces.next()).done).toBe(true);
    expect((await leader).body).toBe('first second');
    expect(follower.fields).toContainEqual(['Cache-Status', 'Highball; fwd=uri-miss; collapsed']);
    expect(bench.asked).toBe(1);
  });

  test('are all released at once when the answer is not to be stored, and later ones do not wait', async () => {
    const head = gate();
    const all = gate();
    const bench = new Bench(async (_, index) => {
      if (index === 0) await head.opened;
      // None of these is answered before all are here: they do not go one after another.
      else if (index < 4) {
        if (bench.asked === 4) all.open();
        await all.opened;
      }
      return { fields: { 'Cache-Control': 'no-store' } };
    });
    const answers = Promise.all([bench.ask(), bench.ask(), bench.ask(), bench.ask()]);
    await settle();
    expect(bench.asked).toBe(1);
    head.open();
    expect(new Set((await answers).map(({ body }) => body)).size).toBe(4);
    const before = bench.asked;
    await Promise.all([bench.ask(), bench.ask()]);
    expect(bench.asked).toBe(before + 2);
  });

  test('hit-for-miss ends when a response can be stored, and by time', async () => {
    let stored = false;
    const bench = new Bench(() => ({ fields: stored ? HOUR : { 'Cache-Control': 'no-store' } }));
    await bench.ask();
    await bench.ask({ fields: { 'If-None-Match': '"x"' } });
    // What is known not to be stored goes on unchanged.
    expect(bench.requests[1]?.HTTP_IF_NONE_MATCH).toBe('"x"');
    stored = true;
    await bench.ask();
    await bench.ask();
    expect(bench.asked).toBe(3);
  });

  test('wait no longer than they are told to', async () => {
    const never = gate();
    const bench = new Bench(
      async (_, index) => {
        if (index === 0) await never.opened;
        return { fields: HOUR };
      },
      { collapseTimeoutMs: 20 },
    );
    const first = bench.ask();
    expect((await bench.ask()).body).toBe('answer 2');
    never.open();
    await first;
  });

  test('ask for themselves when the first fails', async () => {
    const fail = gate();
    const bench = new Bench(async (_, index) => {
      if (index > 0) return { fields: HOUR };
      await fail.opened;
      throw new Error('no connection');
    });
    const first = bench.ask();
    const second = bench.ask();
    await settle();
    fail.open();
    await expect(first).rejects.toThrow('no connection');
    expect((await second).body).toBe('answer 2');
  });

  test('of another variant do not get the answer of the first', async () => {
    const open = gate();
    const bench = new Bench(async (environ) => {
      await open.opened;
      return { fields: { ...HOUR, Vary: 'X-Kind' }, body: [`for ${environ['HTTP_X_KIND']}`] };
    });
    const answers = Promise.all(['a', 'b', 'a'].map((kind) => bench.ask({ fields: { 'X-Kind': kind } })));
    await settle();
    open.open();
    expect((await answers).map(({ body }) => body)).toEqual(['for a', 'for b', 'for a']);
  });

  test('validate together', async () => {
    const open = gate();
    const fields = { 'Cache-Control': 'max-age=10', ETag: '"a"' };
    const bench = new Bench(async (_, index) => {
      if (index === 0) return { fields };
      await open.opened;
      return { status: '304 Not Modified', fields, body: [] };
    });
    await bench.ask();
    bench.wait(20);
    const answers = Promise.all([bench.ask(), bench.ask(), bench.ask()]);
    await settle();
    open.open();
    expect((await answers).map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(bench.asked).toBe(2);
  });
});

describe('the origin', () => {
  test('is asked for the whole, whatever the client has; the client gets its 304', async () => {
    const bench = new Bench(() => ({ fields: { ...HOUR, ETag: '"a"' } }));
    const answer = await bench.ask({ fields: { 'If-None-Match': '"a"', Cookie: 'x' } });
    expect([answer.status, answer.body]).toEqual([304, '']);
    expect(bench.requests[0]?.HTTP_IF_NONE_MATCH).toBeUndefined();
    expect(bench.requests[0]?.HTTP_COOKIE).toBe('x');
    expect((await bench.ask()).body).toBe('answer 1');
  });

  test('is told when the only client leaves before the head', async () => {
    const client = new AbortController();
    let told = false;
    const bench = new Bench(async (environ) => {
      const signal = environ['highball.signal']?.() as AbortSignal;
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
      told = true;
      throw new Error('gone');
    });
    const asking = bench.ask({ keys: { 'highball.signal': () => client.signal } });
    await settle();
    client.abort();
    await expect(asking).rejects.toThrow('gone');
    expect(told).toBe(true);
  });

  test('goes on for others when the first client leaves', async () => {
    const client = new AbortController();
    const open = gate();
    const bench = new Bench(async (environ) => {
      const signal = environ['highball.signal']?.() as AbortSignal;
      await open.opened;
      signal.throwIfAborted();
      return { fields: HOUR };
    });
    const first = bench.ask({ keys: { 'highball.signal': () => client.signal } });
    const second = bench.ask();
    await settle();
    client.abort();
    open.open();
    expect((await second).body).toBe('answer 1');
    await first;
    expect(bench.asked).toBe(1);
  });

  test('is let go when all readers have left within the body, and nothing is stored', async () => {
    let closed = false;
    const bench = new Bench(() => ({
      fields: HOUR,
      body: Object.assign(
        (async function* () {
          for (;;) {
            yield 'more';
            await settle();
          }
        })(),
        { close: () => void (closed = true) },
      ),
    }));
    const { body } = await begin(bench.app);
    const pieces = (body as AsyncIterable<Uint8Array>)[Symbol.asyncIterator]();
    await pieces.next();
    await body.close?.();
    await settle();
    await settle();
    await expect.poll(() => closed).toBe(true);
    expect(bench.cache.stats().entries).toBe(0);
  });

  test('waits for the slowest reader once a body is too large to be kept', async () => {
    let sent = 0;
    const bench = new Bench(
      () => ({
        fields: HOUR,
        body: (async function* () {
          for (; sent < 1000; sent++) yield new Uint8Array(65_536);
        })(),
      }),
      { maxMemoryObjectBytes: 100_000, maxObjectBytes: 1e9 },
    );
    const { body } = await begin(bench.app);
    const pieces = (body as AsyncIterable<Uint8Array>)[Symbol.asyncIterator]();
    await pieces.next();
    await settle();
    // What is kept, what may be ahead, and a chunk in each hand.
    expect(sent).toBeLessThan(12);
    await body.close?.();
  });
});

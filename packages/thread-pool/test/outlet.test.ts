import { describe, expect, test } from 'vitest';
import { Inlet } from '../src/inlet.ts';
import { Outlet } from '../src/outlet.ts';
import { costOf, type Piece } from '../src/protocol.ts';

const WINDOW = 16_384;

function setUp(): { outlet: Outlet; posts: Piece[][]; moved: ArrayBuffer[]; inFlight: () => number } {
  const posts: Piece[][] = [];
  const moved: ArrayBuffer[] = [];
  const outlet = new Outlet(WINDOW, (pieces, buffers) => {
    posts.push(pieces);
    moved.push(...buffers);
  });
  const inFlight = (): number => posts.flat().reduce((sum, piece) => sum + costOf(piece), 0);
  return { outlet, posts, moved, inFlight };
}

const bytes = (pieces: Piece[]): Buffer =>
  Buffer.concat(pieces.map((piece) => Buffer.from(piece as Uint8Array)));

describe('the sending end', () => {
  test('sends in one message what fits into the window, and nothing beyond it', () => {
    const { outlet, posts, inFlight } = setUp();
    outlet.push(Buffer.alloc(100_000, 'x'));
    outlet.flush();
    expect(posts).toHaveLength(1);
    expect(inFlight()).toBeLessThanOrEqual(WINDOW);
    expect(inFlight()).toBeGreaterThan(WINDOW / 2);
    expect(outlet.full).toBe(true);
  });

  test('goes on with each grant, until all bytes were sent in their order', () => {
    const { outlet, posts } = setUp();
    const sent = Buffer.from(Array.from({ length: 100_000 }, (_, i) => i % 251));
    outlet.push(sent);
    outlet.flush();
    for (let turns = 0; outlet.full && turns < 100; turns++) outlet.grant(WINDOW / 2);
    expect(bytes(posts.flat())).toEqual(sent);
    expect(outlet.queuedBytes).toBe(0);
  });

  test('counts what a piece costs beside its bytes', () => {
    const { outlet, posts } = setUp();
    for (let i = 0; i < 1000; i++) outlet.push('x');
    outlet.flush();
    expect(posts.flat().length).toBeLessThan(100);
  });

  test('copies: the sender may use its memory again, and neighbours in it are not sent', () => {
    const { outlet, posts } = setUp();
    const pool = Buffer.from('secret public');
    outlet.push(pool.subarray(7));
    pool.fill('.');
    outlet.flush();
    const [piece] = posts[0] as [Uint8Array];
    expect(Buffer.from(piece).toString()).toBe('public');
    expect(piece.buffer.byteLength).toBe(6);
  });

  test('splits a long text as bytes, so that no character is torn', () => {
    const { outlet, posts } = setUp();
    const text = '😀é'.repeat(20_000);
    outlet.push(text);
    outlet.flush();
    while (outlet.full) outlet.grant(WINDOW);
    expect(bytes(posts.flat()).toString()).toBe(text);
  });

  test('moves the memory of large pieces, which are its own', () => {
    const moved: ArrayBuffer[] = [];
    const outlet = new Outlet(262_144, (_pieces, buffers) => moved.push(...buffers));
    outlet.push(Buffer.alloc(1000));
    outlet.push(Buffer.alloc(32_768));
    outlet.flush();
    expect(moved.map(({ byteLength }) => byteLength)).toEqual([32_768]);
  });

  test('lets who waits go on when all was sent, or when nothing is wanted any more', async () => {
    const { outlet } = setUp();
    const said: string[] = [];
    outlet.push(Buffer.alloc(20_000));
    outlet.flush();
    const drained = outlet.drained().then(() => said.push('drained'));
    await Promise.resolve();
    expect(said).toEqual([]);
    outlet.grant(WINDOW);
    await drained;
    outlet.push(Buffer.alloc(40_000));
    outlet.flush();
    const abandoned = outlet.drained();
    outlet.abandon();
    await abandoned;
    outlet.push('more');
    expect(outlet.full).toBe(false);
  });
});

describe('the receiving end', () => {
  test('gives room for half a window at a time, and only for what was taken', () => {
    const grants: number[] = [];
    const inlet = new Inlet(WINDOW, (bytes) => grants.push(bytes));
    const piece = new Uint8Array(3840);
    inlet.push([piece, piece, piece]);
    inlet.take();
    expect(grants).toEqual([]);
    inlet.take();
    expect(grants).toEqual([2 * costOf(piece)]);
    expect(inlet.bufferedBytes).toBe(costOf(piece));
  });

  test('never lets the two ends wait for one another', async () => {
    for (const size of [1, 255, 3839, 3840, 3841, 16_384, 50_000]) {
      const inlet = new Inlet(WINDOW, (bytes) => outlet.grant(bytes));
      const outlet: Outlet = new Outlet(WINDOW, (pieces) => inlet.push(pieces));
      const sending = (async () => {
        for (let i = 0; i < 50; i++) {
          outlet.push(new Uint8Array(size));
          outlet.flush();
          if (outlet.full) await outlet.drained();
        }
        inlet.end();
      })();
      let received = 0;
      for (let piece = await inlet.next(); piece !== undefined; piece = await inlet.next()) {
        received += piece.length;
        expect(inlet.bufferedBytes).toBeLessThanOrEqual(WINDOW);
      }
      await sending;
      expect(received).toBe(50 * size);
    }
  });

  test('gives what has come before it fails', async () => {
    const inlet = new Inlet(WINDOW, () => undefined);
    inlet.push(['last words']);
    inlet.fail(new Error('gone'));
    await expect(inlet.next()).resolves.toBe('last words');
    await expect(inlet.next()).rejects.toThrow('gone');
  });

  test('does not fail behind its end', async () => {
    const inlet = new Inlet(WINDOW, () => undefined);
    inlet.end();
    inlet.fail(new Error('gone'));
    await expect(inlet.next()).resolves.toBeUndefined();
  });
});

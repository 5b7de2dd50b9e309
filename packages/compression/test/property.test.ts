import type { Application, BodyChunk, ResponseBody } from '@highball/gateway-protocol';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compression } from '../src/index.ts';
import { answering, compressed, decode, environOf, piecewise, play, toBuffer } from './support.ts';

/** Ways to give the same pieces. */
const SHAPES: Readonly<Record<string, (pieces: BodyChunk[]) => Application>> = {
  array: (pieces) => answering(pieces),
  generator: (pieces) => answering(pieces.values()),
  asynchronous: (pieces) => answering(piecewise(...pieces)),
  promised: (pieces) => (environ, start) => Promise.resolve(answering(pieces)(environ, start)),
  late: (pieces) =>
    function* (_, startResponse): Generator<BodyChunk> {
      startResponse('200 OK', [['Content-Type', 'text/plain']]);
      yield* pieces;
    },
  written: (pieces) => (_, startResponse) => {
    const write = startResponse('200 OK', [['Content-Type', 'text/plain']]);
    for (const piece of pieces.slice(0, 2)) void write(piece);
    return pieces.slice(2);
  },
  counted: (pieces) => {
    const length = Buffer.concat(pieces.map(toBuffer)).length;
    return answering(piecewise(...pieces), [['Content-Length', String(length)]]);
  },
};

const noise = fc.uint8Array({ maxLength: 5000 });
const text = fc
  .tuple(fc.string({ unit: 'binary', maxLength: 40 }), fc.nat(200))
  .map(([text, count]) => text.toWellFormed().repeat(count));
const pieces = fc.array(fc.oneof(noise, text, fc.constant('')), { maxLength: 6 });
const options = fc.record({
  minBytes: fc.constantFrom(0, 1024),
  syncMaxBytes: fc.constantFrom(0, 2000, 32_768),
  maxConcurrent: fc.constantFrom(0, 4),
});

test('whatever the pieces, their shape, the coding and the options: the client decodes what the application said', async () => {
  await fc.assert(
    fc.asyncProperty(
      pieces,
      fc.constantFrom(...Object.keys(SHAPES)),
      fc.constantFrom('gzip', 'br', 'zstd', 'identity', '*', 'gzip, identity;q=0'),
      options,
      async (given, shape, accept, options) => {
        const app = compressed(SHAPES[shape]!(given), { ...options, levels: { br: 1 } });
        const played = await play(app, environOf({ HTTP_ACCEPT_ENCODING: accept }));
        const coding = played.field('Content-Encoding');
        const whole = Buffer.concat(given.map(toBuffer));
        expect(decode(coding, played.body)).toEqual(whole);
        expect(played.field('Vary')).toBe('Accept-Encoding');
        if (accept === 'identity' || whole.length === 0) expect(coding).toBeUndefined();
        if (coding !== undefined && played.field('Content-Length') !== undefined)
          expect(played.field('Content-Length')).toBe(String(played.body.length));
      },
    ),
    { numRuns: 300 },
  );
});

test('closing at any moment frees every encoder', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.nat(4),
      fc.boolean(),
      fc.constantFrom('generator', 'asynchronous', 'late'),
      async (pulls, returns, shape) => {
        const middleware = compression({ maxConcurrent: 1 });
        const app = middleware(SHAPES[shape]!(['a'.repeat(2000), 'b', 'c']));
        const body = (await app(environOf(), () => () => undefined)) as AsyncIterableIterator<BodyChunk> &
          ResponseBody;
        for (let i = 0; i < pulls; i++) await body.next();
        if (returns) await body.return?.();
        else await body.close?.();
        expect(await body.next()).toEqual({ done: true, value: undefined });
        const other = await play(middleware(answering(piecewise('a'.repeat(2000)))));
        expect(other.field('Content-Encoding')).toBe('gzip');
      },
    ),
    { numRuns: 40 },
  );
});

import type { Application, BodyChunk } from '@highball/gateway-protocol';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { collect, goodEnviron, lenientStart, PLAIN, play } from './support.ts';

/** Text that can be sent as UTF-8, and bytes. */
const chunk: fc.Arbitrary<BodyChunk> = fc.oneof(fc.string({ unit: 'binary' }), fc.uint8Array());

/** The same pieces, in the forms that a body can have. */
const forms: Readonly<Record<string, (chunks: readonly BodyChunk[], headers: typeof PLAIN) => Application>> =
  {
    array: (chunks, headers) => (_environ, start) => {
      start('200 OK', headers);
      return [...chunks];
    },
    iterator: (chunks, headers) => (_environ, start) => {
      start('200 OK', headers);
      return chunks.values();
    },
    generator: (chunks, headers) =>
      function* (_environ, start) {
        start('200 OK', headers);
        yield* chunks;
      },
    asynchronous: (chunks, headers) =>
      async function* (_environ, start) {
        await Promise.resolve();
        start('200 OK', headers);
        yield* chunks;
      },
    written: (chunks, headers) => (_environ, start) => {
      const write = start('200 OK', headers);
      for (const chunk of chunks) void write(chunk);
      return [];
    },
  };
const form = fc.constantFrom(...Object.keys(forms));
const lengthOf = (chunks: readonly BodyChunk[]): number =>
  chunks.reduce((sum, chunk) => sum + Buffer.from(chunk as string).length, 0);
const withLength = (length: number): typeof PLAIN => [...PLAIN, ['Content-Length', String(length)]];

test('a correct body passes whole, in each of its forms', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(chunk), form, fc.boolean(), async (chunks, name, announced) => {
      const trial = collect();
      const app = forms[name]!(chunks, announced ? withLength(lengthOf(chunks)) : PLAIN);
      const written: unknown[] = [];
      const iterated = await play(trial.guard(app), goodEnviron(), () => (piece) => void written.push(piece));
      expect(trial.breaches).toEqual([]);
      expect([...written, ...iterated]).toEqual(chunks);
    }),
  );
});

test('a body of another length than announced never passes, in any form', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(chunk), form, fc.nat(100), async (chunks, name, announced) => {
      const length = lengthOf(chunks);
      fc.pre(announced !== length);
      const trial = collect();
      await play(trial.guard(forms[name]!(chunks, withLength(announced))), goodEnviron(), lenientStart);
      expect(trial.codes).toEqual([length > announced ? 'BODY_TOO_LONG' : 'BODY_TOO_SHORT']);
    }),
  );
});

test('whatever a server calls of a body, in whatever order, is named when it is wrong', () => {
  const calls = fc.array(fc.constantFrom('next', 'return', 'close'), { maxLength: 8 });
  fc.assert(
    fc.property(calls, (order) => {
      const trial = collect();
      const app = trial.guard((_environ, start) => {
        start('200 OK', PLAIN);
        return { [Symbol.iterator]: () => ['a', 'b'].values(), close: () => undefined };
      });
      const body = app(goodEnviron(), lenientStart) as Iterable<string> & { close(): void };
      const iterator = body[Symbol.iterator]();
      for (const call of order) {
        if (call === 'next') iterator.next();
        else if (call === 'return') iterator.return?.();
        else body.close();
      }
      expect(trial.codes).toEqual(expectedOf(order));
    }),
  );
});

/** A model of the rules: two pieces, then the end. */
function expectedOf(order: readonly string[]): string[] {
  let [left, over, closed] = [2, false, false];
  return order.flatMap((call) => {
    if (call === 'return') over = true;
    if (call === 'close') {
      const twice = closed;
      closed = true;
      return twice ? ['CLOSE_TWICE'] : [];
    }
    if (call === 'return') return [];
    if (closed) return ['NEXT_AFTER_CLOSE'];
    if (over) return ['NEXT_AFTER_END'];
    if (left-- === 0) over = true;
    return [];
  });
}

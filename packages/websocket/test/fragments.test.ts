import fc from 'fast-check';
import { expect, test } from 'vitest';
import { webSocket } from '../src/index.ts';
import { BINARY, CLOSE, CONTINUATION, type Frame, frame, PING, PONG, serve, TEXT, until } from './support.ts';

/** A message, and where it is cut into frames. */
const message = fc.record({
  payload: fc.oneof(
    fc
      .string({ unit: 'grapheme', maxLength: 60 })
      .map((text) => ({ isText: true, bytes: Buffer.from(text) })),
    fc.uint8Array({ maxLength: 300 }).map((bytes) => ({ isText: false, bytes: Buffer.from(bytes) })),
  ),
  cuts: fc.array(fc.nat(300), { maxLength: 4 }),
  /** Whether a ping comes between the frames. */
  pings: fc.boolean(),
});

type Sent = typeof message extends fc.Arbitrary<infer Value> ? Value : never;

function framesOf({ payload: { isText, bytes }, cuts, pings }: Sent): Buffer[] {
  const ends = [...cuts.filter((cut) => cut <= bytes.length).toSorted((a, b) => a - b), bytes.length];
  let from = 0;
  return ends.flatMap((end, i) => {
    const opcode = i > 0 ? CONTINUATION : isText ? TEXT : BINARY;
    const part = frame(opcode, bytes.subarray(from, end), { fin: i + 1 === ends.length });
    from = end;
    return pings && i > 0 ? [frame(PING, 'amid'), part] : [part];
  });
}

test('any messages come back, however they are cut into frames, and the frames into packets', async () => {
  const app = webSocket(async (connection) => {
    for await (const received of connection) await connection.send(received);
  });
  await using server = await serve(app);
  await fc.assert(
    fc.asyncProperty(
      fc.array(message, { maxLength: 6 }),
      fc.integer({ min: 1, max: 400 }),
      async (messages, step) => {
        const client = await server.openRaw();
        const bytes = Buffer.concat(messages.flatMap(framesOf));
        for (let at = 0; at < bytes.length; at += step) {
          client.client.send(bytes.subarray(at, at + step));
          await new Promise((resolve) => setImmediate(resolve));
        }
        const echoes = (): Frame[] => client.frames.filter(({ opcode }) => opcode !== PONG);
        await until(() => echoes().length >= messages.length);
        const echoed = echoes();
        expect(echoed.map(({ opcode, payload }) => [opcode === TEXT, payload.toString('hex')])).toEqual(
          messages.map(({ payload }) => [payload.isText, payload.bytes.toString('hex')]),
        );
        client.send(CLOSE);
        expect(await client.closeCode()).toBe(1005);
        client.client.destroy();
      },
    ),
    { numRuns: 60 },
  );
});

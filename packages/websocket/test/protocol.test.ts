import { deflateRawSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { type Closure, webSocket, type WebSocketOptions } from '../src/index.ts';
import {
  BINARY,
  CLOSE,
  CONTINUATION,
  frame,
  gate,
  PING,
  PONG,
  type RawWebSocket,
  serve,
  TEXT,
} from './support.ts';

/** Opens a WebSocket that echoes, lets the client act, and returns how it ended on the server. */
async function endOf(
  act: (client: RawWebSocket) => void | Promise<void>,
  options: WebSocketOptions = {},
  ...lines: string[]
): Promise<{ code: number; closure: Closure }> {
  const closure = gate<Closure>();
  const app = webSocket(async (connection) => {
    for await (const message of connection) await connection.send(message);
    closure.open(await connection.closed);
  }, options);
  await using server = await serve(app);
  const client = await server.openRaw(...lines);
  await act(client);
  const code = await client.closeCode();
  client.client.end();
  return { code, closure: await closure.promise };
}

describe('messages', () => {
  test('come whole, however they were cut into frames', async () => {
    const { code } = await endOf(async (client) => {
      client.send(TEXT, 'frag', { fin: false });
      client.send(PING, 'amid');
      client.send(CONTINUATION, 'ment', { fin: false });
      client.send(CONTINUATION, 'ed');
      const frames = await client.until(2);
      expect(frames.map(({ opcode, payload }) => [opcode, payload.toString()])).toEqual([
        [PONG, 'amid'],
        [TEXT, 'fragmented'],
      ]);
      client.send(CLOSE, Buffer.from([0x03, 0xe8]));
    });
    expect(code).toBe(1000);
  });

  test('come whole when each byte is a packet of its own', async () => {
    await endOf(async (client) => {
      for (const byte of frame(TEXT, 'slow')) {
        client.client.send(Uint8Array.of(byte));
        await new Promise((resolve) => setImmediate(resolve));
      }
      const [echoed] = await client.until(1);
      expect(echoed?.payload.toString()).toBe('slow');
      client.send(CLOSE);
    });
  });

  test.each([0, 125, 126, 65_535, 65_536, 1_048_576])('of %d bytes come and go', async (size) => {
    await endOf(async (client) => {
      client.send(BINARY, Buffer.alloc(size, 7));
      const [echoed] = await client.until(1);
      expect(echoed?.payload.equals(Buffer.alloc(size, 7))).toBe(true);
      client.send(CLOSE);
    });
  });

  test('may cut a character of UTF-8 in two', async () => {
    await endOf(async (client) => {
      const bytes = Buffer.from('κόσμε');
      client.send(TEXT, bytes.subarray(0, 3), { fin: false });
      client.send(CONTINUATION, bytes.subarray(3));
      const [echoed] = await client.until(1);
      expect(echoed?.payload.toString()).toBe('κόσμε');
      client.send(CLOSE);
    });
  });
});

describe('a client that breaks the protocol is told so by the close code:', () => {
  const BAD_UTF8 = Buffer.from([0xce, 0xba, 0xed, 0xa0, 0x80]);
  test.each<[name: string, code: number, act: (client: RawWebSocket) => void]>([
    ['text that is no UTF-8', 1007, (client) => client.send(TEXT, BAD_UTF8)],
    ['text in frames that is no UTF-8', 1007, (client) => {
      client.send(TEXT, BAD_UTF8.subarray(0, 2), { fin: false });
      client.send(CONTINUATION, BAD_UTF8.subarray(2));
    }],
    ['a close reason that is no UTF-8', 1007, (client) => client.send(CLOSE, Buffer.from([0x03, 0xe8, 0xff]))],
    ['a reserved bit', 1002, (client) => client.send(TEXT, 'x', { rsv: 4 })],
    ['the other reserved bits', 1002, (client) => client.send(TEXT, 'x', { rsv: 3 })],
    ['a reserved bit of a ping', 1002, (client) => client.send(PING, 'x', { rsv: 4 })],
    ['a reserved opcode', 1002, (client) => client.send(0x3, 'x')],
    ['a reserved opcode of a control frame', 1002, (client) => client.send(0xb, 'x')],
    ['a frame without a mask', 1002, (client) => client.client.send(frame(TEXT, 'x', { mask: false }))],
    ['a ping of more than 125 bytes', 1002, (client) => client.send(PING, 'x'.repeat(126))],
    ['a ping in frames', 1002, (client) => client.send(PING, 'x', { fin: false })],
    ['a continuation of nothing', 1002, (client) => client.send(CONTINUATION, 'x')],
    ['a message within a message', 1002, (client) => {
      client.send(TEXT, 'x', { fin: false });
      client.send(TEXT, 'y');
    }],
    ['a close frame of one byte', 1002, (client) => client.send(CLOSE, 'x')],
    ['a close code that must not be sent', 1002, (client) => client.send(CLOSE, Buffer.from([0x03, 0xed]))],
    ['a message that is too long', 1009, (client) => client.send(BINARY, Buffer.alloc(1_048_577))],
    ['a message that is too long by its frames', 1009, (client) => {
      client.send(BINARY, Buffer.alloc(1_000_000), { fin: false });
      client.send(CONTINUATION, Buffer.alloc(48_577));
    }],
    ['a length of more than 2^53 bytes', 1009, (client) =>
      client.client.send(Buffer.from([0x82, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]))],
    ['a frame a byte, without end', 1008, (client) => {
      const part = frame(CONTINUATION, 'x', { fin: false });
      client.send(TEXT, 'x', { fin: false });
      client.client.send(Buffer.alloc(part.length * 20_000, part));
    }],
  ])('%s', async (_name, expected, act) => {
    const { code, closure } = await endOf(act);
    expect(code).toBe(expected);
    expect(closure).toMatchObject({ code: expected, error: { code: 'PROTOCOL_ERROR' } });
  }); // prettier-ignore

  test('a compressed message that is too long when it is inflated', async () => {
    const bomb = deflateRawSync(Buffer.alloc(50_000_000));
    expect(bomb.length).toBeLessThan(60_000);
    const lines = 'Sec-WebSocket-Extensions: permessage-deflate';
    const { code } = await endOf((client) => client.send(BINARY, bomb, { rsv: 4 }), { deflate: true }, lines);
    expect(code).toBe(1009);
  });

  test('a compressed message that cannot be inflated', async () => {
    const lines = 'Sec-WebSocket-Extensions: permessage-deflate';
    const act = (client: RawWebSocket): void => client.send(BINARY, 'no deflate at all', { rsv: 4 });
    const { code, closure } = await endOf(act, { deflate: true }, lines);
    expect(code).toBe(1007);
    expect(closure.code).toBe(1007);
  });
});

describe('pings', () => {
  test('are answered with what they carry', async () => {
    await endOf(async (client) => {
      client.send(PING, 'are you there?');
      const [pong] = await client.until(1);
      expect([pong?.opcode, pong?.payload.toString()]).toEqual([PONG, 'are you there?']);
      client.send(CLOSE);
    });
  });

  test('that come in a flood are answered by a few pongs, the last of them too', async () => {
    await endOf(async (client) => {
      const flood = Array.from({ length: 10_000 }, (_, i) => frame(PING, String(i)));
      client.client.send(Buffer.concat(flood));
      for (;;) {
        const pong = client.frames.at(-1)?.payload.toString();
        if (pong === '9999') break;
        await new Promise((resolve) => setImmediate(resolve));
      }
      expect(client.frames.length).toBeLessThan(1000);
      client.send(CLOSE);
    });
  });

  test('a pong that nobody asked for is let pass (RFC 6455 §5.5.3)', async () => {
    const { code } = await endOf((client) => {
      client.send(PONG, 'unasked');
      client.send(CLOSE, Buffer.from([0x03, 0xe8]));
    });
    expect(code).toBe(1000);
  });
});

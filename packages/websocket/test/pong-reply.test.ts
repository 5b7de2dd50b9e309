import { expect, test } from 'vitest';
import { PongReply } from '../src/pong-reply.ts';

/** A WebSocket whose pongs leave when they are told to. */
class SlowSocket {
  readonly OPEN = 1 as const;
  readyState: 0 | 1 | 2 | 3 = 1;
  readonly pongs: string[] = [];
  #sent: (() => void)[] = [];

  pong(payload: unknown, _mask?: boolean, sent?: (error: Error) => void): void {
    this.pongs.push(String(payload));
    this.#sent.push(sent as () => void);
  }

  /** The kernel takes what was sent. */
  flush(): void {
    for (const sent of this.#sent.splice(0)) sent();
  }
}

function make(): { socket: SlowSocket; reply: PongReply } {
  const socket = new SlowSocket();
  return { socket, reply: new PongReply(socket) };
}

test('each ping that waits for the one before is answered', () => {
  const { socket, reply } = make();
  for (const payload of ['a', 'b']) {
    reply.onPing(Buffer.from(payload));
    socket.flush();
  }
  expect(socket.pongs).toEqual(['a', 'b']);
});

test('of those that come while a pong is under way only the last is answered', () => {
  const { socket, reply } = make();
  for (let i = 0; i < 1000; i++) reply.onPing(Buffer.from(String(i)));
  expect(socket.pongs).toEqual(['0']);
  socket.flush();
  expect(socket.pongs).toEqual(['0', '999']);
  socket.flush();
  expect(socket.pongs).toEqual(['0', '999']);
});

test('a WebSocket that is closing is not answered', () => {
  const { socket, reply } = make();
  reply.onPing(Buffer.from('a'));
  reply.onPing(Buffer.from('b'));
  socket.readyState = 2;
  socket.flush();
  reply.onPing(Buffer.from('c'));
  expect(socket.pongs).toEqual(['a']);
});

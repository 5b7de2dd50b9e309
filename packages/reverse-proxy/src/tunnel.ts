import type { Duplex } from 'node:stream';
import type { Socket } from 'node:net';

/**
 * Joins two connections until both are at their end, each way with its own backpressure and half-close: when one side
 * sends no more, the other is told, and may go on.
 * @param idleTimeoutMs - closes both when neither has said anything for so long; 0 never.
 */
export function tunnel(client: Duplex, upstream: Socket, idleTimeoutMs: number): void {
  client.allowHalfOpen = true;
  upstream.allowHalfOpen = true;
  // Everything passes through this socket, in or out: its own timer sees the silence of both.
  upstream.setTimeout(idleTimeoutMs, () => upstream.destroy());
  join(client, upstream);
  join(upstream, client);
}

/** Whoever reads on must learn that something is missing; a TLS or Unix socket has no reset. */
function reset(socket: Duplex): void {
  try {
    (socket as Socket).resetAndDestroy();
  } catch {
    socket.destroy();
  }
}

function join(from: Duplex, to: Duplex): void {
  from.pipe(to);
  from.on('error', () => reset(to));
  from.once('close', () => {
    // What it said to the end is passed on to the end; what was cut is cut.
    if (from.readableEnded) to.end();
    else to.destroy();
  });
}

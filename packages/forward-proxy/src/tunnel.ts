import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { Refusal } from './errors.ts';
import type { Watch } from './watch.ts';

/** The two ends of a tunnel. */
export interface TunnelEnds {
  readonly client: Duplex;
  readonly origin: Socket;
}

/**
 * Joins two connections until both are at their end, each way with its own backpressure and its own end
 * (half-close). An end that breaks takes the other one along: by a reset, so that it does not look like an end.
 *
 * @param onOver - called once, without an error when both ways have come to their end.
 * @returns how to break it off.
 */
export function tunnel(
  { client, origin }: TunnelEnds,
  watch: Watch,
  onOver: (error: Refusal | undefined) => void,
): (error: Refusal) => void {
  let over = false;
  const finish = (error: Refusal | undefined): void => {
    if (over) return;
    over = true;
    watch.stop();
    for (const socket of [client, origin]) {
      if (error === undefined) socket.destroy();
      else reset(socket);
    }
    onOver(error);
  };
  let endedWays = 0;
  let flushedWays = 0;
  const endWay = (to: Duplex): void => {
    endedWays++;
    watch.touch();
    // What was written before still has to leave.
    to.end(() => {
      if (++flushedWays === 2) finish(undefined);
    });
  };
  for (const [from, to, count, error] of [
    [client, origin, watch.sent, new Refusal('CLIENT_GONE', 'the client has broken the tunnel')],
    [origin, client, watch.received, new Refusal('RESET', 'the destination has broken the tunnel')],
  ] as const) {
    from.on('error', () => finish(error));
    from.once('close', () => {
      if (endedWays < 2) finish(error);
    });
    from.on('data', (chunk: Uint8Array) => {
      if (!count.call(watch, chunk.length) || to.write(chunk)) return;
      from.pause();
      to.once('drain', () => from.resume());
    });
    from.once('end', () => endWay(to));
    from.resume();
    if (from.destroyed) finish(error);
  }
  return finish;
}

function reset(socket: Duplex & Partial<Pick<Socket, 'resetAndDestroy'>>): void {
  if (socket.destroyed || socket.resetAndDestroy === undefined) socket.destroy();
  else socket.resetAndDestroy();
}

import type { Duplex } from 'node:stream';
import type { Socket } from 'node:net';

/** Joins two connections until both are at their end, each way with its own backpressure and half-close. */
export function tunnel(client: Duplex, upstream: Socket, idleTimeoutMs: number): void {
  const close = (): void => {
    client.destroy();
    upstream.destroy();
  };
  upstream.setTimeout(idleTimeoutMs, () => {
    // A tunnel is idle when neither side has said anything.
    close();
  });
  for (const [from, to] of [
    [client, upstream],
    [upstream, client],
  ] as const) {
    from.on('error', close);
    from.pipe(to);
  }
  client.on('data', () => upstream.setTimeout(idleTimeoutMs));
  client.once('close', close);
  upstream.once('close', close);
}

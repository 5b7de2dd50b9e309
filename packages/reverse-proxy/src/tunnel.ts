import type { HeaderField, UpgradedConnection } from '@highball/gateway-protocol';
import { serializeResponseHead } from '@highball/http-parser';
import { listMembers } from '@highball/http-semantics';
import type { Duplex } from 'node:stream';
import type { Socket } from 'node:net';
import type { AnswerHead } from './exchange.ts';

/**
 * The protocols of an Upgrade field that may be switched to. Never HTTP/2: its requests would pass inside the tunnel,
 * past all rules of this proxy (h2c smuggling; RFC 9113 §3.1 has done away with this way to it).
 * @returns undefined when none is left.
 */
export function offeredUpgrade(field: string | undefined): string | undefined {
  if (field === undefined || field === 'websocket') return field;
  const offered = field
    .split(',')
    .filter((name) => name.trim() !== '' && !/^\s*(h2c?|http)\s*(\/|$)/i.test(name));
  return offered.length === 0 ? undefined : offered.join(',').trim();
}

/** Whether the upstream switches to what the client has offered, and to nothing else (RFC 9110 §7.8). */
export function isAgreed(chosen: string | undefined, offered: string | undefined): boolean {
  const names = new Set(listMembers(offered));
  const taken = listMembers(chosen);
  return taken.length > 0 && taken.every((name) => names.has(name));
}

/** What the client is told ahead of a tunnel (RFC 9110 §7.8, §9.3.6). */
export function tunnelHead(
  method: string,
  head: Pick<AnswerHead, 'upgrade'>,
  fields: readonly HeaderField[],
): string {
  if (method === 'CONNECT') return serializeResponseHead('200 Connection Established', fields);
  const lines = `Connection: upgrade\r\nUpgrade: ${head.upgrade ?? ''}\r\n`;
  return serializeResponseHead('101 Switching Protocols', fields, lines);
}

/** Hands both connections to each other, with what has come behind the heads already. */
export function openTunnel(
  client: UpgradedConnection,
  { socket, rest }: { readonly socket: Socket; readonly rest: Uint8Array },
  head: string,
  idleTimeoutMs: number,
): void {
  client.socket.write(head, 'latin1');
  if (rest.length > 0) client.socket.write(rest);
  if (client.head.length > 0) socket.write(client.head);
  tunnel(client.socket, socket, idleTimeoutMs);
}

/**
 * Joins two connections until both are at their end, each way with its own backpressure and half-close: when one side
 * sends no more, the other is told, and may go on.
 * @param idleTimeoutMs - closes both when neither has said anything for so long; 0 never.
 */
function tunnel(client: Duplex, upstream: Socket, idleTimeoutMs: number): void {
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

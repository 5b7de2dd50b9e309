import type { Socket } from 'node:net';
import type { Environ, ResponseBody, UpgradedConnection } from '@highball/gateway-protocol';
import { serializeResponseHead } from '@highball/http-parser';
import { Refusal } from './errors.ts';
import type { Journey } from './journey.ts';
import type { ResolvedOptions } from './options.ts';
import { tunnel } from './tunnel.ts';
import { Watch } from './watch.ts';

/**
 * Hands the client's connection and the destination's to each other (RFC 9110 §9.3.6).
 * @throws Refusal BAD_TARGET when the request has a body, and so the connection cannot be taken over; CLIENT_GONE.
 */
export function openTunnel(
  environ: Environ,
  origin: Socket,
  options: ResolvedOptions,
  journey: Journey,
): ResponseBody {
  const { socket: client, head } = takeConnection(environ, origin);
  const limits = { ...options, idleTimeoutMs: options.tunnelIdleTimeoutMs };
  const watch = (journey.watch = new Watch(options.clock, limits, (reason) => breakOff(reason)));
  // The answer has neither Content-Length nor Transfer-Encoding: what follows is not HTTP any more.
  client.write(serializeResponseHead('200 Connection Established', [], ''), 'latin1');
  const draining = environ['highball.draining']?.();
  const hurry = (): void => watch.hurry(options.drainIdleMs);
  const breakOff = tunnel({ client, origin }, watch, (error) => {
    draining?.removeEventListener('abort', hurry);
    journey.end(error, 200);
  });
  if (head.length > 0 && watch.sent(head.length)) origin.write(head);
  if (draining?.aborted) hurry();
  else draining?.addEventListener('abort', hurry, { once: true });
  return [];
}

/** The client's connection; where there is none to take, that of the destination is let go. */
function takeConnection(environ: Environ, origin: Socket): UpgradedConnection {
  const upgrade = environ['highball.upgrade'];
  try {
    if (upgrade === undefined) throw new Refusal('BAD_TARGET', 'a CONNECT has no body');
    return upgrade();
  } catch (cause) {
    origin.destroy();
    if (cause instanceof Refusal) throw cause;
    throw new Refusal('CLIENT_GONE', 'the client has left', { cause });
  }
}

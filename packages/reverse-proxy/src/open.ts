import { connect as netConnect, type Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { UpstreamTlsOptions } from './options.ts';
import { connectToRead } from './shared-reads.ts';
import { authorityOf, type UpstreamTarget } from './upstream.ts';

/**
 * Opens a connection; it may still be on its way. Of a TLS upstream it is ready at `secureConnect`.
 * @param preface - what goes first, ahead of TLS too: a PROXY header.
 */
export type Connect = (target: UpstreamTarget, preface?: Uint8Array) => Socket;

/** Sessions that are kept to be resumed, one for each upstream. */
const MAX_SESSIONS = 256;

/** Opens connections by node:net and node:tls, without Nagle's delay; TLS sessions are resumed (RFC 8446 §2.2). */
export function connectTo(tls: UpstreamTlsOptions = {}): Connect {
  const sessions = new Map<string, Buffer>();
  return (target, preface) => {
    // The parsers of the other protocols may keep what they get.
    if (!target.tls)
      return connectPlainly(target, preface, target.protocol === 'http' ? connectToRead : netConnect);
    const { host, port } = target;
    const below = preface === undefined ? { host, port, noDelay: true, keepAlive: true } : { socket: connectPlainly(target, preface, netConnect) }; // prettier-ignore
    const key = authorityOf(target);
    // Loaded for the first upstream that wants it.
    const socket = process.getBuiltinModule('node:tls').connect({
      ...below,
      ...tls,
      servername: tls.servername ?? (isAddress(host) ? '' : host),
      ALPNProtocols: [target.protocol === 'h2' ? 'h2' : 'http/1.1'],
      session: sessions.get(key),
    });
    socket.on('session', (session) => {
      if (sessions.size >= MAX_SESSIONS) sessions.clear();
      sessions.set(key, session);
    });
    return socket;
  };
}

function connectPlainly(
  target: UpstreamTarget,
  preface: Uint8Array | undefined,
  open: typeof connectToRead,
): Socket {
  const socket =
    'path' in target
      ? open({ path: target.path })
      : open({ host: target.host, port: target.port, noDelay: true, keepAlive: true });
  // It is queued until the connection is there.
  if (preface !== undefined) socket.write(preface);
  return socket;
}

/** Whether it is an address: RFC 6066 §3 allows none as a server's name. */
function isAddress(host: string): boolean {
  return host.includes(':') || /^[\d.]+$/.test(host);
}

/** The event at which a connection can be used. */
export function readyEvent(socket: Socket): 'connect' | 'secureConnect' {
  return (socket as Partial<TLSSocket>).encrypted === true ? 'secureConnect' : 'connect';
}

import type { ClientHttp2Session } from 'node:http2';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { UpstreamError } from '../errors.ts';
import { readyEvent } from '../open.ts';
import type { ResolvedOptions } from '../options.ts';
import { authorityOf, type UpstreamTarget } from '../upstream.ts';

/** What is needed of a proxy's options. */
export type SessionOptions = Pick<ResolvedOptions, 'connect' | 'connectTimeoutMs' | 'http2'>;

/** What becomes of a connection that is opened. */
export interface SessionOpening {
  /** The upstream has said by SETTINGS that it speaks HTTP/2, and how many streams it takes. */
  onOpen(session: ClientHttp2Session, socket: Socket): void;
  onFailed(error: Error): void;
}

/** As many fields as HTTP/1.1's heads may have, and the pseudo-field. */
const MAX_HEADER_PAIRS = 101;
/** In MB: what a connection may hold of heads and of frames that wait to be sent. */
const MAX_SESSION_MEMORY = 32;

/**
 * Opens a connection of HTTP/2, by TLS and ALPN or with prior knowledge (RFC 9113 §3.2, §3.3). Nothing is sent over it
 * before the upstream's SETTINGS are there: who does not speak HTTP/2 has got no request by then.
 */
export function openSession(target: UpstreamTarget, options: SessionOptions, opening: SessionOpening): void {
  const socket = options.connect(target);
  let session: ClientHttp2Session | undefined;
  let over = false;
  const { connectTimeoutMs } = options;
  const onError = (error: Error): void => fail(error);
  const onClose = (): void => fail(new Error('the connection was closed'));
  const onReady = (): void => {
    if (target.tls && (socket as TLSSocket).alpnProtocol !== 'h2') {
      fail(new Error('it did not agree to HTTP/2 (ALPN h2)'));
      return;
    }
    socket.off('error', onError).off('close', onClose);
    session = startSession(socket, target, options);
    session.on('error', onError).on('close', onClose).once('remoteSettings', onSettings);
  };
  const onSettings = (): void => {
    clearTimeout(timer);
    session?.off('error', onError).off('close', onClose);
    opening.onOpen(session as ClientHttp2Session, socket);
  };
  const fail = (error: Error): void => {
    // An error may have others behind it.
    if (over) return;
    over = true;
    clearTimeout(timer);
    socket.off('close', onClose);
    session?.off('close', onClose).off('remoteSettings', onSettings);
    if (session === undefined) socket.off(readyEvent(socket), onReady).destroy();
    else session.destroy();
    opening.onFailed(session === undefined || error instanceof UpstreamError ? error : notSpoken(error));
  };
  const timer =
    connectTimeoutMs > 0
      ? setTimeout(() => fail(tooLate(connectTimeoutMs)), connectTimeoutMs).unref()
      : undefined;
  socket.once('error', onError).once('close', onClose).once(readyEvent(socket), onReady);
}

function startSession(socket: Socket, target: UpstreamTarget, { http2 }: SessionOptions): ClientHttp2Session {
  const authority = 'path' in target ? 'localhost' : authorityOf(target);
  // Loaded for the first upstream that wants it.
  const session = process
    .getBuiltinModule('node:http2')
    .connect(`${target.tls ? 'https' : 'http'}://${authority}`, {
      createConnection: () => socket,
      maxHeaderListPairs: MAX_HEADER_PAIRS,
      maxSessionMemory: MAX_SESSION_MEMORY,
      settings: {
        enablePush: false,
        initialWindowSize: http2.windowBytes,
        maxHeaderListSize: http2.maxHeadBytes,
      },
    });
  session.once('connect', () => session.setLocalWindowSize(http2.sessionWindowBytes));
  return session;
}

function tooLate(connectTimeoutMs: number): UpstreamError {
  return new UpstreamError('CONNECT_TIMEOUT', `the upstream did not begin within ${connectTimeoutMs} ms`);
}

function notSpoken(error: Error): Error {
  return new Error(`it does not begin as HTTP/2 does: ${error.message}`, { cause: error });
}

import type { Log } from '@highball/gateway-protocol';
import type { Socket } from 'node:net';
import type { SecureContext, TLSSocket } from 'node:tls';
import type { Clock } from '../clock.ts';
import { setCarrier } from './carriers.ts';
import { serverNameOf } from './client-hello.ts';
import { type ClientVerdict, judgeClient } from './client-certificate.ts';
import { tls } from './node-tls.ts';
import type { TlsOptions } from './options.ts';
import { createSecureContexts, type SecureContexts } from './secure-contexts.ts';

/** Failed handshakes are logged so often: scanners make many, and each is their problem. */
const LOGGED_A_SECOND = 10;

/** The server's side of TLS: what its handshakes have in common. */
export class Terminator {
  readonly #contexts: SecureContexts;
  readonly #clientCertificates: NonNullable<TlsOptions['clientCertificates']>;
  readonly #protocols: readonly string[];
  readonly #log: Log;
  readonly #clock: Clock;
  #second = -1;
  #logged = 0;

  /**
   * @param protocols - what is spoken behind the handshake, the dearest first (ALPN, RFC 7301).
   * @throws WorkerOptionError when the options cannot be met.
   */
  constructor(options: TlsOptions, protocols: readonly string[], log: Log, clock: Clock) {
    this.#contexts = createSecureContexts(options);
    this.#clientCertificates = options.clientCertificates ?? 'none';
    this.#protocols = protocols;
    this.#log = log;
    this.#clock = clock;
  }

  /** Begins the handshake on a connection. @param first - what was read of it, and has been put back. */
  start(socket: Socket, first: Buffer): TLSSocket {
    const { usual, find } = this.#contexts;
    const name = find && serverNameOf(first);
    const secure = new (tls().TLSSocket)(socket, {
      isServer: true,
      secureContext: name === undefined ? usual : (find?.(name) ?? usual),
      ALPNProtocols: [...this.#protocols],
      // Who is asked, and shows nothing, or nothing that counts, is told so in words: see admits().
      requestCert: this.#clientCertificates !== 'none',
      rejectUnauthorized: false,
      ...(find && {
        SNICallback: (name: string, done: (error: Error | null, context?: SecureContext) => void) =>
          done(null, find(name)),
      }),
    });
    setCarrier(secure, socket);
    return secure;
  }

  /**
   * Makes of a socket whose handshake is over what `tls.Server` gives to its listeners.
   * @returns what has become of the client's certificate; undefined where none is asked for.
   */
  finish(secure: TLSSocket): ClientVerdict | undefined {
    // As tls.Server does: node:http2 waits as long as it is set.
    (secure as { secureConnecting?: boolean }).secureConnecting = false;
    // A connection that has been tampered with is over (RFC 8446 §5.2); Node leaves that to the owner.
    secure.on('_tlsError', destroyWith);
    return this.#clientCertificates === 'none' ? undefined : judgeClient(secure);
  }

  /** Whether a client is served. */
  admits(verdict: ClientVerdict | undefined): boolean {
    if (verdict === undefined || verdict === 'SUCCESS') return true;
    return verdict === 'NONE' && this.#clientCertificates === 'optional';
  }

  /** Says in the log why a handshake has failed. */
  failed(peer: string, reason: string): void {
    const second = Math.floor(this.#clock.now() / 1000);
    if (second !== this.#second) this.#logged = 0;
    this.#second = second;
    if (++this.#logged <= LOGGED_A_SECOND) this.#log.debug('a TLS handshake has failed', { peer, reason });
  }
}

function destroyWith(this: Socket, error: Error): void {
  this.destroy(error);
}

import type { TLSSocket } from 'node:tls';

/** What has become of the client's certificate, in mod_ssl's words: `NONE`, `SUCCESS` or `FAILED:REASON`. */
export type ClientVerdict = 'NONE' | 'SUCCESS' | `FAILED:${string}`;

/**
 * Says whether a client has shown a certificate, and whether that counts. To be asked when the handshake is over.
 *
 * Node lets every handshake succeed, and leaves the verdict to whoever asks; `tls.Server` asks its handle, and so does
 * this. Where the handle does not say, nothing counts. A session that is resumed by TLS 1.3 gets no error even where
 * there was no certificate, so that is looked for first.
 */
export function judgeClient(socket: TLSSocket): ClientVerdict {
  if (socket.getPeerX509Certificate() === undefined) return 'NONE';
  const { _handle: handle } = socket as { _handle?: { verifyError?: () => Error | null } | null };
  if (typeof handle?.verifyError !== 'function') return 'FAILED:unknown';
  const error = handle.verifyError();
  if (error === null || error === undefined) return 'SUCCESS';
  return `FAILED:${(error as { code?: string }).code ?? error.message}`;
}

import type { TLSSocket } from 'node:tls';
import type { ClientVerdict } from './client-certificate.ts';

/**
 * What environ says of a connection's TLS, by the names of Apache's mod_ssl.
 * @param verdict - where clients are asked for a certificate.
 */
export function tlsVariables(
  socket: TLSSocket,
  verdict: ClientVerdict | undefined,
): Readonly<Record<string, string>> {
  const { servername } = socket;
  return {
    SSL_PROTOCOL: socket.getProtocol() ?? '',
    SSL_CIPHER: socket.getCipher()?.name ?? '',
    SSL_SESSION_RESUMED: socket.isSessionReused() ? 'Resumed' : 'Initial',
    ...(typeof servername === 'string' && { SSL_TLS_SNI: latin1(servername) }),
    ...(verdict !== undefined && { SSL_CLIENT_VERIFY: verdict, ...clientVariables(socket) }),
  };
}

function clientVariables(socket: TLSSocket): Record<string, string> {
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined) return {};
  return {
    SSL_CLIENT_S_DN: distinguishedName(certificate.subject),
    SSL_CLIENT_I_DN: distinguishedName(certificate.issuer),
    SSL_CLIENT_M_SERIAL: certificate.serialNumber,
    SSL_CLIENT_V_START: certificate.validFrom,
    SSL_CLIENT_V_END: certificate.validTo,
    SSL_CLIENT_CERT: certificate.toString(),
  };
}

/** As RFC 4514 writes it; Node has one part a line, escaped so, the other way round. */
function distinguishedName(lines: string | undefined): string {
  return latin1((lines ?? '').split('\n').toReversed().join(','));
}

/** PEP 3333: the bytes of a text, one character each. */
function latin1(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}

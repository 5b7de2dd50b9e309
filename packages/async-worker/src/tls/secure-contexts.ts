import type { SecureContext, SecureContextOptions } from 'node:tls';
import { WorkerOptionError } from '../errors.ts';
import { crypto, tls } from './node-tls.ts';
import type { TlsCertificate, TlsOptions } from './options.ts';
import { namesOf, ServerNames } from './server-names.ts';

/** Sessions of one worker are resumed by the others, and by no other server: RFC 8446 §4.6.1, SSL_CTX_set_session_id_context(3). */
const SESSION_ID_CONTEXT = 'highball';
const TICKET_KEY_BYTES = 48;
/** OpenSSL's SSL_OP_NO_RENEGOTIATION, where node:crypto does not have it. */
const NO_RENEGOTIATION = 1_073_741_824;

/** Which certificates are shown to whom. */
export interface SecureContexts {
  /** For clients that name no server, or an unknown one. */
  readonly usual: SecureContext;
  /** Finds those of a server's name; undefined where there is nothing to choose. */
  readonly find: ((name: string) => SecureContext) | undefined;
}

/**
 * Reads the certificates. Of those with the same name the first is shown: Node takes one, also where their keys are of
 * different kinds.
 * @throws WorkerOptionError when one cannot be used.
 */
export function createSecureContexts(options: TlsOptions): SecureContexts {
  const common = commonOptions(options);
  const contexts = options.certificates.map((certificate) => makeContext(certificate, common));
  const [usual] = contexts;
  if (usual === undefined) throw new WorkerOptionError('tls.certificates must have one certificate at least');
  if (contexts.length === 1) return { usual, find: undefined };
  const byName = new ServerNames<SecureContext>();
  options.certificates.forEach((certificate, index) => {
    for (const name of certificate.names ?? ownNames(certificate)) byName.add(name, contexts[index] ?? usual);
  });
  return { usual, find: (name) => byName.find(name) ?? usual };
}

function makeContext({ cert, key }: TlsCertificate, common: SecureContextOptions): SecureContext {
  try {
    return tls().createSecureContext({ ...common, cert, key });
  } catch (cause) {
    throw new WorkerOptionError(`no TLS with these certificates and options: ${messageOf(cause)}`, { cause });
  }
}

function ownNames({ cert }: TlsCertificate): string[] {
  const { X509Certificate } = crypto();
  return namesOf(new X509Certificate(cert).subjectAltName);
}

function commonOptions(options: TlsOptions): SecureContextOptions {
  const { randomBytes, constants } = crypto();
  const { ca, ciphers, clientCertificates = 'none', minVersion = 'TLSv1.2' } = options;
  const ticketKeys = options.ticketKeys ?? randomBytes(TICKET_KEY_BYTES);
  if (ticketKeys.byteLength !== TICKET_KEY_BYTES)
    throw new WorkerOptionError(
      `tls.ticketKeys must be ${TICKET_KEY_BYTES} bytes, not ${ticketKeys.byteLength}`,
    );
  if (clientCertificates !== 'none' && ca === undefined)
    throw new WorkerOptionError('tls.clientCertificates needs tls.ca: who vouches for clients?');
  return {
    ...(ca !== undefined && { ca }),
    ...(ciphers !== undefined && { ciphers }),
    minVersion,
    honorCipherOrder: true,
    // RFC 7540 §9.2.1, RFC 8446: a second handshake on a connection costs the server more than the client.
    secureOptions: constants.SSL_OP_NO_RENEGOTIATION ?? NO_RENEGOTIATION,
    sessionIdContext: SESSION_ID_CONTEXT,
    ticketKeys: Buffer.from(ticketKeys),
  };
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}

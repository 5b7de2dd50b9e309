/** A certificate and its key. */
export interface TlsCertificate {
  /** PEM: the certificate itself, then those that vouch for it. */
  readonly cert: string;
  /** PEM, without a passphrase. */
  readonly key: string;
  /** The server names that it is shown for, as `example.org` or `*.example.org`. @default its own: subjectAltName */
  readonly names?: readonly string[];
}

/** How a worker speaks TLS. */
export interface TlsOptions {
  /** The first is for clients that name no server, or one that none is for. */
  readonly certificates: readonly TlsCertificate[];
  /**
   * Whether clients are asked for a certificate. `optional`: one that nobody of `ca` vouches for is refused all the
   * same; `required`: so is a client without one. @default 'none'
   */
  readonly clientCertificates?: 'none' | 'optional' | 'required';
  /** PEM: who vouches for clients. Must be given where they are asked. */
  readonly ca?: string;
  /** The ciphers for TLS 1.2 and, by their names, 1.3, as OpenSSL writes them. @default Node's */
  readonly ciphers?: string;
  /** @default 'TLSv1.2' (RFC 8996 forbids what is older) */
  readonly minVersion?: 'TLSv1.2' | 'TLSv1.3';
  /**
   * 48 random bytes, the same for all workers of a server: a session that began with one of them is resumed by each.
   * @default the worker's own
   */
  readonly ticketKeys?: Uint8Array;
}

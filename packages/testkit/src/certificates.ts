import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { findPeer } from './peers.ts';

/** A certificate of a test, as text and as files. */
export interface TestCertificate {
  /** PEM. */
  readonly cert: string;
  readonly key: string;
  readonly certfile: string;
  readonly keyfile: string;
}

export interface CertificateOptions {
  /** For subjectAltName. @default ['localhost', '127.0.0.1'] */
  readonly names?: readonly string[];
  /** @default `/CN=` and its file name */
  readonly subject?: string;
  /** @default 'ec' */
  readonly kind?: 'ec' | 'rsa';
  /** Whose certificate signs it. @default its own: self-signed */
  readonly issuer?: TestCertificate;
}

const KINDS = { ec: ['ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'], rsa: ['rsa:2048'] } as const;

/** Makes a certificate by the command `openssl` (see findPeer). @param name - of the files in the folder. */
export function makeCertificate(
  folder: string,
  name: string,
  options: CertificateOptions = {},
): TestCertificate {
  const { names = ['localhost', '127.0.0.1'], subject = `/CN=${name}`, kind = 'ec', issuer } = options;
  const openssl = findPeer('openssl') ?? 'openssl';
  const certfile = join(folder, `${name}.cert.pem`);
  const keyfile = join(folder, `${name}.key.pem`);
  const alternatives = names.map((each) => `${/^[\d.:]+$/.test(each) ? 'IP' : 'DNS'}:${each}`);
  const signedBy = issuer && ['-CA', issuer.certfile, '-CAkey', issuer.keyfile];
  execFileSync(openssl, [
    'req', '-x509', '-newkey', ...KINDS[kind], '-nodes', '-subj', subject, '-utf8',
    ...(names.length > 0 ? ['-addext', `subjectAltName=${alternatives.join(',')}`] : []),
    '-days', '2', ...(signedBy ?? []), '-keyout', keyfile, '-out', certfile,
  ], { stdio: 'pipe' }); // prettier-ignore
  return { cert: readFileSync(certfile, 'utf8'), key: readFileSync(keyfile, 'utf8'), certfile, keyfile };
}

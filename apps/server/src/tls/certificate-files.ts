import type { TlsCertificate } from '@highball/async-worker';
import { readFileSync, statSync } from 'node:fs';
import type { KeyObject, X509Certificate } from 'node:crypto';
import { CommandError, messageOf } from '../errors.ts';

/** The files of a certificate, as a configuration names them. */
export interface CertificateFiles {
  /** The certificate and those that vouch for it: PEM. */
  certfile: string;
  /** Its key. @default it is in `certfile` too */
  keyfile?: string;
  /** The server names that it is shown for. @default its own: subjectAltName */
  names?: readonly string[];
}

/** Reads certificates and tells what will be of interest. */
export interface CertificateReader {
  /** Where the files are named, for messages. */
  readonly place: string;
  readonly warn: (message: string) => void;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/**
 * Reads a certificate with its key.
 * @throws CommandError that names the file and the mend.
 */
export function readCertificate(files: CertificateFiles, reader: CertificateReader): TlsCertificate {
  const { certfile, names } = files;
  const keyfile = files.keyfile || certfile;
  const cert = readPem(certfile, `${reader.place}certfile`);
  const key = keyfile === certfile ? cert : readPem(keyfile, `${reader.place}keyfile`);
  const certificate = parseCertificate(cert, `${reader.place}certfile '${certfile}'`);
  const at = `${reader.place}${keyfile === certfile ? 'certfile' : 'keyfile'} '${keyfile}'`;
  if (!certificate.checkPrivateKey(parseKey(key, at))) {
    throw new CommandError(
      `${at} is not the key of certfile '${certfile}': name the one that it was made with`,
    );
  }
  warnOfDates(certificate, certfile, reader);
  warnOfReaders(keyfile, reader);
  return { cert, key, ...(names && { names }) };
}

/**
 * Reads those that vouch for clients.
 * @throws CommandError that names the file and the mend.
 */
export function readAuthorities(file: string): string {
  const pem = readPem(file, 'caCerts');
  parseCertificate(pem, `caCerts '${file}'`);
  return pem;
}

function readPem(file: string, what: string): string {
  try {
    return readFileSync(file, 'latin1');
  } catch (cause) {
    throw new CommandError(`${what} '${file}' ${explain(cause)}`, { cause });
  }
}

function explain(cause: unknown): string {
  const { code } = cause as NodeJS.ErrnoException;
  if (code === 'ENOENT' || code === 'ENOTDIR') return 'is not there: name the file, relative to this folder';
  if (code === 'EACCES')
    return 'may not be read by this user: start as one who may, workers become --user after that';
  return `cannot be read: ${messageOf(cause)}`;
}

function parseCertificate(pem: string, what: string): X509Certificate {
  const { X509Certificate } = process.getBuiltinModule('node:crypto');
  try {
    return new X509Certificate(pem);
  } catch (cause) {
    throw new CommandError(`${what} holds no certificate in PEM, with -----BEGIN CERTIFICATE-----`, {
      cause,
    });
  }
}

function parseKey(pem: string, what: string): KeyObject {
  // In PKCS #8 and in the older form (RFC 7468 §11, RFC 1421 §4.6.1.1).
  if (pem.includes('ENCRYPTED')) {
    const mend = 'nobody is there to enter it: take it off by openssl pkey, and let root alone read the file';
    throw new CommandError(`${what} has a passphrase, and ${mend}`);
  }
  const { createPrivateKey } = process.getBuiltinModule('node:crypto');
  try {
    return createPrivateKey(pem);
  } catch (cause) {
    throw new CommandError(`${what} holds no private key in PEM, with -----BEGIN PRIVATE KEY-----`, {
      cause,
    });
  }
}

function warnOfDates(
  { validFrom, validTo }: X509Certificate,
  file: string,
  { warn, now, place }: CertificateReader,
): void {
  if (Date.parse(validTo) < now)
    warn(`${place}certfile '${file}' expired on ${validTo}: clients will refuse it`);
  if (Date.parse(validFrom) > now) warn(`${place}certfile '${file}' is not valid before ${validFrom}`);
}

/** Everybody on the machine. */
const READABLE_BY_OTHERS = 0o004;

function warnOfReaders(file: string, { warn, place }: CertificateReader): void {
  const mode = statSync(file, { throwIfNoEntry: false })?.mode ?? 0;
  if ((mode & READABLE_BY_OTHERS) !== 0)
    warn(`${place}keyfile '${file}' can be read by everybody: chmod o-r ${file}`);
}

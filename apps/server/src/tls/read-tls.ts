import { CommandError, messageOf } from '../errors.ts';
import type { Settings } from '../settings.ts';
import {
  type CertificateFiles,
  type CertificateReader,
  readAuthorities,
  readCertificate,
} from './certificate-files.ts';
import type { FrontSockets, TlsPlan } from './plan.ts';
import { securedOf } from './schemes.ts';

/** What a master hands to its workers for TLS. */
export interface TlsSource {
  readonly settings: Settings;
  /** Those of the configuration, besides the one of `certfile`. */
  readonly certificates?: readonly CertificateFiles[] | undefined;
  readonly warn: (message: string) => void;
}

/** What the ticket keys of TLS are made of: see @highball/async-worker. */
const TICKET_KEY_BYTES = 48;

/**
 * Reads what workers of the front need to know of their sockets, certificates included.
 * @throws CommandError that names the setting, the file and the mend.
 */
export function readFrontSockets(source: TlsSource): FrontSockets {
  const tls = readTls(source);
  const secured = securedOf(source.settings);
  if (tls === undefined && secured.includes(true)) {
    const address =
      source.settings.bind.find((each) => each.startsWith('https://')) ?? 'the socket https of systemd';
    throw new CommandError(`${address} needs a certificate: name its files by --certfile and --keyfile`);
  }
  return { secured, ...(tls && { tls }) };
}

function readTls({ settings, certificates = [], warn }: TlsSource): TlsPlan | undefined {
  const { certfile, keyfile, caCerts, certReqs, ciphers, tlsMinVersion } = settings;
  checkTogether(settings, certfile !== '' || certificates.length > 0);
  const files = certificates.map(
    (each, index) => [each, `certificates[${index}].`] as [CertificateFiles, string],
  );
  if (certfile !== '') files.unshift([{ certfile, keyfile }, '']);
  if (files.length === 0) return undefined;
  const now = Date.now();
  const plan: TlsPlan = {
    certificates: files.map(([each, place]) =>
      readCertificate(each, { place, warn, now } satisfies CertificateReader),
    ),
    clientCertificates: certReqs,
    minVersion: tlsMinVersion,
    ...(caCerts !== '' && { ca: readAuthorities(caCerts) }),
    ...(ciphers !== '' && { ciphers }),
    ticketKeys: process.getBuiltinModule('node:crypto').randomBytes(TICKET_KEY_BYTES).toString('base64'),
  };
  checkCiphers(plan);
  files.forEach(([each, place], index) => checkUse(each, place, index, plan));
  return plan;
}

/** What does nothing without something else, and would be missed. */
function checkTogether(
  { keyfile, certfile, certReqs, caCerts, protocol }: Settings,
  hasCertificate: boolean,
): void {
  if (keyfile !== '' && certfile === '') throw new CommandError('--keyfile does nothing without --certfile');
  if (certReqs !== 'none' && !hasCertificate)
    throw new CommandError(
      `--cert-reqs ${certReqs} does nothing without a certificate of the server: --certfile`,
    );
  if (certReqs !== 'none' && caCerts === '')
    throw new CommandError(
      `--cert-reqs ${certReqs} needs --ca-certs: the file of those that vouch for clients`,
    );
  if (certReqs === 'none' && caCerts !== '')
    throw new CommandError('--ca-certs does nothing without --cert-reqs optional or required');
  if (protocol === 'uwsgi' && hasCertificate)
    throw new CommandError(
      '--certfile does not go with --protocol uwsgi: the web server in front speaks TLS',
    );
}

function checkCiphers({ ciphers, minVersion }: TlsPlan): void {
  if (ciphers === undefined) return;
  try {
    process.getBuiltinModule('node:tls').createSecureContext({ ciphers, ...(minVersion && { minVersion }) });
  } catch (cause) {
    throw new CommandError(`--ciphers '${ciphers}' names none that OpenSSL has: ${messageOf(cause)}`, {
      cause,
    });
  }
}

/** What OpenSSL does not take, such as a key that is too short, no worker could start with. */
function checkUse(
  { certfile }: CertificateFiles,
  place: string,
  index: number,
  { certificates, ciphers, minVersion }: TlsPlan,
): void {
  const { cert, key } = certificates[index] ?? {};
  const options = { ...(ciphers !== undefined && { ciphers }), ...(minVersion && { minVersion }) };
  try {
    process.getBuiltinModule('node:tls').createSecureContext({ ...options, cert, key });
  } catch (cause) {
    throw new CommandError(`${place}certfile '${certfile}' cannot be used: ${messageOf(cause)}`, { cause });
  }
}

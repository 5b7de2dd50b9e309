import * as v from 'valibot';
import { type Declarations, oneOf, text } from './setting.ts';

/** How clients speak TLS. */
export interface TlsSettings {
  /** The file of the certificate and of those that vouch for it (PEM): with it TCP addresses speak TLS. @default '' */
  certfile: string;
  /** The file of its key (PEM); empty: it is in `certfile` too. @default '' */
  keyfile: string;
  /** The file of those that vouch for clients (PEM). @default '' */
  caCerts: string;
  /** Whether clients are asked for a certificate. @default 'none' */
  certReqs: 'none' | 'optional' | 'required';
  /** The ciphers, as OpenSSL writes them; empty: Node's. @default '' */
  ciphers: string;
  /** The oldest version that is spoken. @default 'TLSv1.2' */
  tlsMinVersion: 'TLSv1.2' | 'TLSv1.3';
}

/** gunicorn has the numbers of Python's ssl module. */
const CERT_REQS = { 0: 'none', 1: 'optional', 2: 'required' } as const;

const certReqs: v.GenericSchema<unknown, TlsSettings['certReqs']> = v.pipe(
  v.union([v.string(), v.number()]),
  v.transform((value) => CERT_REQS[value as keyof typeof CERT_REQS] ?? value),
  v.picklist(['none', 'optional', 'required']),
);

export const tlsSettings: Declarations<TlsSettings> = {
  certfile: {
    group: 'TLS',
    flag: '--certfile <file>',
    help: 'the certificate, and those that vouch for it (PEM): with it TCP addresses speak TLS',
    expects: 'the name of a file',
    schema: text,
    default: '',
    defaultText: 'none',
    applies: 'reload',
  },
  keyfile: {
    group: 'TLS',
    flag: '--keyfile <file>',
    help: 'the key of the certificate (PEM, without a passphrase)',
    expects: 'the name of a file',
    schema: text,
    default: '',
    defaultText: 'the key in certfile',
    applies: 'reload',
  },
  caCerts: {
    group: 'TLS',
    flag: '--ca-certs <file>',
    help: "the authorities that vouch for clients' certificates (PEM)",
    expects: 'the name of a file',
    schema: text,
    default: '',
    defaultText: 'none',
    applies: 'reload',
  },
  certReqs: {
    group: 'TLS',
    flag: '--cert-reqs <policy>',
    help: 'whether clients are asked for a certificate: none, optional or required',
    expects: 'none, optional or required',
    schema: certReqs,
    default: 'none',
    applies: 'reload',
  },
  ciphers: {
    group: 'TLS',
    flag: '--ciphers <list>',
    help: 'the ciphers, as OpenSSL writes them',
    expects: 'a list as ECDHE+AESGCM:ECDHE+CHACHA20',
    schema: text,
    default: '',
    defaultText: "Node's",
    applies: 'reload',
  },
  tlsMinVersion: {
    group: 'TLS',
    flag: '--tls-min-version <version>',
    help: 'the oldest version of TLS that is spoken',
    expects: 'TLSv1.2 or TLSv1.3',
    schema: oneOf(['TLSv1.2', 'TLSv1.3']),
    default: 'TLSv1.2',
    applies: 'reload',
  },
};

import { randomBytes, scrypt, type ScryptOptions, timingSafeEqual } from 'node:crypto';
import { ForwardProxyConfigError } from './errors.ts';

/** What scrypt is asked for (RFC 7914 §2): one of OWASP's equal choices, that with the least memory (16 MiB). */
const COST_LOG2 = 14;
const BLOCK_SIZE = 8;
const PARALLELISM = 5;
const SALT_BYTES = 16;
const HASH_BYTES = 32;
/** A hash that asks for more than this would be a weapon against its own server. */
const MAX_MEMORY_BYTES = 256 * 1024 * 1024;

/** A password's hash, taken apart. */
export interface PasswordHash {
  readonly options: ScryptOptions;
  readonly salt: Buffer;
  readonly hash: Buffer;
}

/**
 * Hashes a password for `users`: `$scrypt$ln=14,r=8,p=5$SALT$HASH`, the form of the PHC string format, base64
 * without padding. Takes some tenths of a second of one core, off the event loop.
 *
 * @param costLog2 - one more doubles time and memory, of whoever guesses and of the proxy.
 */
export async function hashPassword(password: string, costLog2: number = COST_LOG2): Promise<string> {
  const salt = randomBytes(SALT_BYTES);
  const options = toOptions(costLog2, BLOCK_SIZE, PARALLELISM);
  const hash = await derive(password, { options, salt, length: HASH_BYTES });
  return `$scrypt$ln=${costLog2},r=${BLOCK_SIZE},p=${PARALLELISM}$${encode(salt)}$${encode(hash)}`;
}

/** @throws ForwardProxyConfigError BAD_PASSWORD_HASH; the message does not repeat the hash. */
export function parsePasswordHash(text: string, user: string): PasswordHash {
  const [, ln, r, p, salt = '', hash = ''] =
    /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,2}),p=(\d{1,2})\$([A-Za-z0-9+/]{11,})\$([A-Za-z0-9+/]{22,})$/.exec(
      text,
    ) ?? [];
  const options = toOptions(Number(ln), Number(r), Number(p));
  if (hash === '' || !((options.maxmem as number) <= MAX_MEMORY_BYTES)) {
    throw new ForwardProxyConfigError(
      'BAD_PASSWORD_HASH',
      `the password of '${user}' is no hash of scrypt; make one by hashPassword()`,
    );
  }
  return { options, salt: Buffer.from(salt, 'base64'), hash: Buffer.from(hash, 'base64') };
}

/** Whether a password has this hash; takes the same time for every password. */
export async function verifyPassword(
  password: string,
  { options, salt, hash }: PasswordHash,
): Promise<boolean> {
  return timingSafeEqual(await derive(password, { options, salt, length: hash.length }), hash);
}

/** A hash that no password has, as costly to check as the others: for users who do not exist. */
export function impossibleHash(others: readonly PasswordHash[]): PasswordHash {
  const cost = ({ options }: PasswordHash): number => (options.N ?? 0) * (options.r ?? 0) * (options.p ?? 0);
  const dearest = others.toSorted((a, b) => cost(b) - cost(a))[0];
  return {
    options: dearest?.options ?? toOptions(COST_LOG2, BLOCK_SIZE, PARALLELISM),
    salt: randomBytes(SALT_BYTES),
    hash: randomBytes(HASH_BYTES),
  };
}

function toOptions(ln: number, r: number, p: number): ScryptOptions {
  const N = 2 ** ln;
  // What scrypt needs (RFC 7914 §6), and as much again, since Node counts some of it twice.
  return { N, r, p, maxmem: 2 * 128 * r * (N + p) };
}

function derive(
  password: string,
  { options, salt, length }: { options: ScryptOptions; salt: Buffer; length: number },
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(password, salt, length, options, (error, key) => (error ? reject(error) : resolve(key)));
  });
}

function encode(bytes: Buffer): string {
  return bytes.toString('base64').replace(/=+$/, '');
}

import { createHmac, randomBytes } from 'node:crypto';
import type { Environ } from '@highball/gateway-protocol';
import { Refusal } from './errors.ts';
import { impossibleHash, type PasswordHash, parsePasswordHash, verifyPassword } from './password-hash.ts';

/** Says whether a user may use the proxy. Compare secrets in constant time: `crypto.timingSafeEqual`. */
export type VerifyUser = (name: string, password: string, environ: Environ) => boolean | Promise<boolean>;

/** Hashes of `hashPassword` by name, a function, or `'anyone'`: then nobody is asked who they are. */
export type Users = Readonly<Record<string, string>> | VerifyUser | 'anyone';

/** A name and a password as they were sent. */
interface Basic {
  readonly name: string;
  readonly password: string;
}

/** Passwords that are being checked at a time: scrypt is made to be costly, and anybody can ask for it. */
const MAX_CHECKS = 8;
/** So many proven credentials are remembered, so that not each request costs a hash. */
const MAX_PROVEN = 1024;

/** Who may use the proxy (RFC 7617, RFC 9110 §11.7). */
export class Credentials {
  readonly #verify: VerifyUser | undefined;

  /** @throws ForwardProxyConfigError BAD_PASSWORD_HASH */
  constructor(users: Users) {
    if (users !== 'anyone') this.#verify = typeof users === 'function' ? users : verifierOf(users);
  }

  /**
   * The name of the user; empty where nobody is asked.
   * @throws Refusal AUTHENTICATION_REQUIRED, VERIFIER_BUSY
   */
  async authenticate(environ: Environ): Promise<string> {
    if (this.#verify === undefined) return '';
    const basic = parseBasic(environ.HTTP_PROXY_AUTHORIZATION);
    if (basic !== undefined && (await this.#verify(basic.name, basic.password, environ)) === true) {
      return basic.name;
    }
    throw new Refusal('AUTHENTICATION_REQUIRED', 'this proxy wants to know who you are');
  }
}

function verifierOf(users: Readonly<Record<string, string>>): VerifyUser {
  const hashes = new Map<string, PasswordHash>(
    Object.entries(users).map(([name, hash]) => [name, parsePasswordHash(hash, name)]),
  );
  const nobody = impossibleHash([...hashes.values()]);
  const proven = new Set<string>();
  // What is remembered is of no use outside of this process.
  const secret = randomBytes(32);
  let checks = 0;
  return async (name, password) => {
    const key = createHmac('sha256', secret).update(`${name}\0${password}`).digest('base64');
    if (proven.has(key)) return true;
    if (checks >= MAX_CHECKS) throw new Refusal('VERIFIER_BUSY', 'too many passwords are being checked');
    checks++;
    try {
      // As much work for a user who does not exist: time must not tell who does.
      if (!(await verifyPassword(password, hashes.get(name) ?? nobody))) return false;
    } finally {
      checks--;
    }
    if (proven.size >= MAX_PROVEN) proven.clear();
    proven.add(key);
    return true;
  };
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Reads `Basic token68` (RFC 7617 §2); undefined when there is none, or not a proper one. */
function parseBasic(field: string | undefined): Basic | undefined {
  const [, token] = /^basic +([a-z0-9+/]+={0,2})$/i.exec(field ?? '') ?? [];
  if (token === undefined) return undefined;
  let text: string;
  try {
    text = utf8.decode(Buffer.from(token, 'base64'));
  } catch {
    return undefined;
  }
  const colon = text.indexOf(':');
  // Names get into logs: no control characters (RFC 7617 §2).
  // oxlint-disable-next-line no-control-regex
  if (colon === -1 || /[\0-\x1f\x7f]/.test(text)) return undefined;
  return { name: text.slice(0, colon), password: text.slice(colon + 1) };
}

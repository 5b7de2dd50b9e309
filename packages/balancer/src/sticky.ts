import { createHmac, timingSafeEqual } from 'node:crypto';
import { BalancerConfigError, within } from './errors.ts';

export interface StickyOptions {
  /** Keys that sign: the first writes, all are read, so that keys can be changed. 16 bytes or more each. */
  readonly secrets: readonly (string | Uint8Array)[];
  /** @default 'highball_peer' */
  readonly name?: string;
  /** How long a session keeps its peer, counted from its cookie; the browser forgets it then, too. @default 3600 */
  readonly maxAgeSeconds?: number;
  /** @default '/' */
  readonly path?: string;
  /** @default 'Lax' */
  readonly sameSite?: 'Strict' | 'Lax' | 'None';
  /** Only over https. To be switched off for plain http alone. @default true */
  readonly secure?: boolean;
  /** Milliseconds since 1970. @default Date.now */
  readonly now?: () => number;
}

/** Cookies that keep a browser at its peer. */
export interface Sticky {
  /**
   * The peer of a request's session.
   * @param cookie - the request's Cookie field.
   * @param ids - the peers there are.
   * @returns undefined when there is no cookie, it is forged or too old, or its peer is gone: let the strategy choose.
   */
  peerOf(cookie: string | undefined, ids: Iterable<string>): string | undefined;
  /** The Set-Cookie field for an answer of a peer: for a new session, or one that has changed its peer. */
  setCookie(id: string): string;
}

/** HMAC-SHA256 asks for keys as long as its output (RFC 2104 §3); half of it is what nobody guesses. */
const LEAST_SECRET_BYTES = 16;
const MAX_AGE_SECONDS = 3600;
/** 128 bits. */
const SIGNATURE_CHARACTERS = 22;
/** Enough to tell peers apart; 72 bits. */
const TAG_CHARACTERS = 12;
/** An RFC 6265 §4.1.1 token, which a name must be. */
const TOKEN = /^[!#$%&'*+.^_`|~\w-]+$/;
/** A longer Cookie field is not looked into. */
const MOST_COOKIE_CHARACTERS = 16_384;

/**
 * Sticky sessions by a signed cookie. It carries a keyed hash of the peer's name, never the name: nobody learns
 * addresses from it, and nobody but the holder of the key can send requests to a peer of their choice.
 * @throws BalancerConfigError INVALID_OPTION
 */
export function createSticky(options: StickyOptions): Sticky {
  return new SignedSticky(options);
}

class SignedSticky implements Sticky {
  readonly #secrets: readonly (string | Uint8Array)[];
  readonly #name: string;
  readonly #maxAgeSeconds: number;
  readonly #attributes: string;
  readonly #now: () => number;
  /** A peer's tag by its id, for each secret; no more than the peers of the latest list. */
  #tags = new Map<string, readonly string[]>();

  constructor(options: StickyOptions) {
    const { name = 'highball_peer', path = '/', sameSite = 'Lax', secure = true } = options;
    this.#secrets = checkSecrets(options.secrets);
    this.#maxAgeSeconds = within('maxAgeSeconds', options.maxAgeSeconds ?? MAX_AGE_SECONDS, 1);
    if (!TOKEN.test(name)) invalid(`'${name}' cannot be the name of a cookie`);
    if (!/^\/[^;\p{Cc}]*$/u.test(path)) invalid(`'${path}' cannot be the path of a cookie`);
    if (sameSite === 'None' && !secure) invalid('a cookie with SameSite=None must be secure');
    this.#name = name;
    this.#attributes = `; Path=${path}; Max-Age=${this.#maxAgeSeconds}; HttpOnly; SameSite=${sameSite}${secure ? '; Secure' : ''}`;
    this.#now = options.now ?? Date.now;
  }

  peerOf(cookie: string | undefined, ids: Iterable<string>): string | undefined {
    const value = cookie && readCookie(cookie, this.#name);
    const [tag, issued, signature, ...rest] = value ? value.split('.', 4) : [];
    if (tag === undefined || issued === undefined || signature === undefined || rest.length > 0)
      return undefined;
    const signed = `${tag}.${issued}`;
    const secret = this.#secrets.findIndex((key) => isEqual(sign(key, 'cookie', signed), signature));
    if (secret === -1 || !this.#isFresh(issued)) return undefined;
    return this.#idOf(tag, secret, ids);
  }

  setCookie(id: string): string {
    const secret = this.#secrets[0] as string;
    const signed = `${tagOf(secret, id)}.${Math.floor(this.#now() / 1000).toString(36)}`;
    return `${this.#name}=${signed}.${sign(secret, 'cookie', signed)}${this.#attributes}`;
  }

  #isFresh(issued: string): boolean {
    const age = this.#now() / 1000 - Number.parseInt(issued, 36);
    return age <= this.#maxAgeSeconds;
  }

  #idOf(tag: string, secret: number, ids: Iterable<string>): string | undefined {
    const known = new Map<string, readonly string[]>();
    let found: string | undefined;
    for (const id of ids) {
      const tags = this.#tags.get(id) ?? this.#secrets.map((key) => tagOf(key, id));
      known.set(id, tags);
      if (tags[secret] === tag) found = id;
    }
    this.#tags = known;
    return found;
  }
}

function tagOf(secret: string | Uint8Array, id: string): string {
  return sign(secret, 'peer', id).slice(0, TAG_CHARACTERS);
}

/** The purpose is signed along: a tag can never pass for a signature. */
function sign(secret: string | Uint8Array, purpose: 'peer' | 'cookie', text: string): string {
  const mac = createHmac('sha256', secret).update(`${purpose}\0${text}`).digest('base64url');
  return mac.slice(0, SIGNATURE_CHARACTERS);
}

function isEqual(a: string, b: string): boolean {
  const first = Buffer.from(a);
  const second = Buffer.from(b);
  return first.length === second.length && timingSafeEqual(first, second);
}

/** The first cookie of a name (RFC 6265 §4.2.1). */
function readCookie(field: string, name: string): string | undefined {
  if (field.length > MOST_COOKIE_CHARACTERS) return undefined;
  const pair = field.split(';').find((part) => part.trimStart().startsWith(`${name}=`));
  return pair?.slice(pair.indexOf('=') + 1).trim();
}

function checkSecrets(secrets: readonly (string | Uint8Array)[]): readonly (string | Uint8Array)[] {
  if (secrets.length === 0) invalid('sticky cookies need a secret');
  for (const secret of secrets) {
    if (Buffer.from(secret).length < LEAST_SECRET_BYTES) {
      invalid(`a secret must have ${LEAST_SECRET_BYTES} bytes or more`);
    }
  }
  return secrets;
}

function invalid(problem: string): never {
  throw new BalancerConfigError('INVALID_OPTION', problem);
}

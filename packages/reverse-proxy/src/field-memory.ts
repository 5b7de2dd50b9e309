import type { Environ } from '@highball/gateway-protocol';
import { requestFields, type RequestFieldOptions } from './request-fields.ts';
import { SentFields } from './sent-fields.ts';

/** As many kinds of requests as are remembered, each of some kilobytes. */
const SLOTS = 64;
/** Requests with more keys are rare, and may be somebody's attempt to fill the memory. */
const MAX_KEYS = 80;
const MAX_CHARACTERS = 8192;

/** Keys beside the fields by which `requestFields` goes. */
const READ: ReadonlySet<string> = new Set([
  'CONTENT_TYPE', 'REMOTE_ADDR', 'SERVER_NAME', 'SERVER_PROTOCOL', 'wsgi.url_scheme',
]); // prettier-ignore

/** What an environ was like, and which fields were made of it. */
interface Known {
  readonly keys: readonly string[];
  /** Of the keys that matter, their values. */
  readonly values: readonly unknown[];
  readonly fields: SentFields;
}

/** In the place of values that do not matter. */
const ANY: unique symbol = Symbol('any');

/**
 * The fields that go to an upstream, made of an environ. Most requests are like one shortly before, but for their
 * address: to compare costs a tenth of making the fields and their text anew. Everything by which they are made is
 * compared, so that it does not matter who has changed the environ on its way.
 */
export class FieldMemory {
  readonly #options: RequestFieldOptions;
  readonly #known: (Known | undefined)[] = Array.from({ length: SLOTS });

  constructor(options: RequestFieldOptions) {
    this.#options = options;
  }

  fieldsOf(environ: Environ): SentFields {
    const slot = slotOf(environ);
    const known = this.#known[slot];
    if (known !== undefined && isLike(environ, known)) return known.fields;
    const fields = new SentFields(requestFields(environ, this.#options));
    this.#known[slot] = remember(environ, fields);
    return fields;
  }
}

/** Requests of one client have the same lengths; a collision costs only time. */
function slotOf(environ: Environ): number {
  const { HTTP_COOKIE: cookie, HTTP_USER_AGENT: agent, HTTP_ACCEPT: accept, REMOTE_ADDR: address } = environ;
  const hash = (cookie?.length ?? 0) * 31 + (agent?.length ?? 0) * 7 + (accept?.length ?? 0) * 5;
  return (
    (hash + (address === undefined || address === '' ? 0 : address.charCodeAt(address.length - 1))) % SLOTS
  );
}

function isLike(environ: Environ, { keys, values }: Known): boolean {
  let i = 0;
  for (const key in environ) {
    if (keys[i] !== key) return false;
    const value = values[i++];
    if (value !== ANY && environ[key] !== value) return false;
  }
  return i === keys.length;
}

function remember(environ: Environ, fields: SentFields): Known | undefined {
  const keys: string[] = [];
  const values: unknown[] = [];
  let characters = 0;
  for (const key in environ) {
    const matters = key.startsWith('HTTP_') || READ.has(key);
    const value = environ[key];
    keys.push(key);
    values.push(matters ? value : ANY);
    if (matters && typeof value === 'string') characters += key.length + value.length;
  }
  return keys.length > MAX_KEYS || characters > MAX_CHARACTERS ? undefined : { keys, values, fields };
}

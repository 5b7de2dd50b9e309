import type { HeaderList } from '@highball/gateway-protocol';
import { headerList } from './header-list.ts';

const NativeResponse = globalThis.Response;

/** A field name is a token, a value has no control character and no space around it: then `Headers` keeps both. */
const PLAIN_NAME = /^[\w!#$%&'*+\-.^`|~]+$/;
const PLAIN_VALUE = /^(?:[\x21-\x7e](?:[\t\x20-\x7e]*[\x21-\x7e])?)?$/;

/** A body that is there already. */
type ReadyBody = string | Uint8Array | null;

/**
 * A `Response` that remembers what it was made of: most are sent without a stream ever being made for them. What is
 * asked of it beyond status and fields is asked of a native one, made then.
 */
class LightResponse {
  readonly status: number;
  readonly statusText = '';
  readonly type = 'default';
  readonly url = '';
  readonly redirected = false;
  readonly #body: ReadyBody;
  readonly #fields: HeaderList;
  #headers: Headers | undefined;
  #native: Response | undefined;

  constructor(status: number, body: ReadyBody, fields: HeaderList) {
    this.status = status;
    this.#body = body;
    this.#fields = fields;
  }

  get ok(): boolean {
    return this.status >= 200 && this.status <= 299;
  }

  get headers(): Headers {
    return (this.#headers ??= new Headers(this.#fields));
  }

  get body(): ReadableStream<Uint8Array> | null {
    return this.#body === null ? null : this.native.body;
  }

  get bodyUsed(): boolean {
    return this.#native?.bodyUsed ?? false;
  }

  /** The native response; it has the body from now on, status and fields stay here. */
  get native(): Response {
    this.#native ??= new NativeResponse(this.#body, { status: this.status, headers: this.headers });
    return this.#native;
  }

  /** What it was made of, as long as nothing has read the body. */
  get parts(): { readonly headers: HeaderList; readonly body: ReadyBody } | undefined {
    if (this.#native !== undefined) return undefined;
    return { headers: headerList(this.#headers ?? this.#fields, this.status), body: this.#body };
  }

  clone(): Response {
    return new NativeResponse(this.native.clone().body, { status: this.status, headers: this.headers });
  }
}

for (const name of ['arrayBuffer', 'blob', 'bytes', 'formData', 'json', 'text'] as const) {
  // Which of them there are depends on the runtime.
  if (!(name in NativeResponse.prototype)) continue;
  Object.defineProperty(LightResponse.prototype, name, {
    configurable: true,
    value(this: LightResponse) {
      return (this.native as unknown as Record<string, () => Promise<unknown>>)[name]?.();
    },
  });
}
// `response instanceof Response` is to be true.
Object.setPrototypeOf(LightResponse.prototype, NativeResponse.prototype);

/** The parts of a response that need no stream; undefined for all others. */
export function lightParts(
  response: Response,
): { readonly headers: HeaderList; readonly body: ReadyBody } | undefined {
  return response instanceof LightResponse ? response.parts : undefined;
}

/**
 * Makes a light response if these are arguments that leave nothing to be decided: a body of text or bytes, a plain
 * status, fields as a plain object or none. For all others undefined: the native constructor knows the rules, and
 * the errors.
 */
export function lightResponse(body: unknown, init: unknown): Response | undefined {
  const ready = readyBody(body);
  if (ready === undefined || !isPlainInit(init)) return undefined;
  const { status = 200, headers } = init ?? {};
  if (!isPlainStatus(status, ready)) return undefined;
  const fields = readFields(headers);
  if (fields === undefined) return undefined;
  if (typeof ready === 'string' && !fields.some(([name]) => name === 'content-type')) {
    // Fetch §6.1, "extract a body": what a string is.
    fields.push(['content-type', 'text/plain;charset=UTF-8']);
  }
  return new LightResponse(status, ready, fields) as unknown as Response;
}

/** The body as it will be sent: bytes are copied, as the native constructor does; they may change behind our back. */
function readyBody(body: unknown): ReadyBody | undefined {
  if (body === undefined || body === null) return null;
  if (typeof body === 'string') return body;
  return body instanceof Uint8Array ? new Uint8Array(body) : undefined;
}

function isPlainInit(init: unknown): init is { status?: unknown; headers?: unknown } | undefined {
  if (init === undefined) return true;
  return typeof init === 'object' && init !== null && isEmpty((init as ResponseInit).statusText);
}

function isEmpty(text: string | undefined): boolean {
  return text === undefined || text === '';
}

/** 204 and the like have no body (Fetch §2.2.3, "null body status"). */
function isPlainStatus(status: unknown, body: ReadyBody): status is number {
  if (!Number.isInteger(status) || (status as number) < 200 || (status as number) > 599) return false;
  return body === null || !(status === 204 || status === 205 || status === 304);
}

/** The fields of a plain object, or of `Headers`; undefined when the native constructor has to look at them. */
function readFields(headers: unknown): HeaderList | undefined {
  if (headers === undefined) return [];
  if (headers instanceof Headers) return [...headers];
  if (typeof headers !== 'object' || headers === null || Symbol.iterator in headers) return undefined;
  const fields: HeaderList = [];
  for (const [name, value] of Object.entries(headers)) {
    if (typeof value !== 'string' || !PLAIN_NAME.test(name) || !PLAIN_VALUE.test(value)) return undefined;
    const lower = name.toLowerCase();
    // Names that differ only in case are one field.
    if (fields.some(([known]) => known === lower)) return undefined;
    fields.push([lower, value]);
  }
  return fields;
}

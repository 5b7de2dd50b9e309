import type { Environ } from '@highball/gateway-protocol';
import { nativeRequest } from './request.ts';
import { hasBody, requestFields } from './request-headers.ts';

/** As `Body` decodes: malformed bytes replaced, a byte order mark left out (Fetch §5.3, "UTF-8 decode"). */
const decoder = new TextDecoder();

/**
 * A `Request` whose parts are made when they are asked for. The method and the URL are what a router needs; all else
 * is asked of a native one, made then.
 */
class LightRequest {
  readonly method: string;
  readonly url: string;
  readonly #environ: Environ;
  #headers: Headers | undefined;
  #native: Request | undefined;
  /** Whether the body was read without a native request. */
  #consumed = false;

  constructor(environ: Environ, url: string) {
    this.method = environ.REQUEST_METHOD;
    this.url = url;
    this.#environ = environ;
  }

  get headers(): Headers {
    return (this.#headers ??= new Headers(requestFields(this.#environ)));
  }

  get signal(): AbortSignal {
    // Without making the rest; both signals are aborted by the same one.
    return this.#native?.signal ?? this.#environ['highball.signal']?.() ?? this.native.signal;
  }

  /** The native request that stands behind this one; it shares the body. */
  get native(): Request {
    if (this.#native === undefined) {
      this.#native = nativeRequest(this.#environ, this.url, this.#headers);
      // A body that was read must not be read again: to its native methods, and to clone, it is in use.
      if (this.#consumed) this.#native.body?.getReader();
    }
    return this.#native;
  }

  get bodyUsed(): boolean {
    return this.#consumed || (this.#native?.bodyUsed ?? false);
  }

  async text(): Promise<string> {
    return this.#isUnread() ? decoder.decode(await this.#read()) : this.native.text();
  }

  async json(): Promise<unknown> {
    return this.#isUnread() ? JSON.parse(decoder.decode(await this.#read())) : this.native.json();
  }

  async arrayBuffer(): Promise<ArrayBuffer> {
    // A copy: the server's buffer may hold more than this body.
    return this.#isUnread() ? new Uint8Array(await this.#read()).buffer : this.native.arrayBuffer();
  }

  /** As native code needs it: with the fields as they are now. */
  handOver(): Request {
    const { native } = this;
    if (this.#headers === undefined) return native;
    for (const name of Array.from(native.headers.keys())) native.headers.delete(name);
    for (const [name, value] of this.#headers) native.headers.append(name, value);
    return native;
  }

  clone(): Request {
    return this.handOver().clone();
  }

  /** Whether there is a body that can be read from the server directly, without a stream. */
  #isUnread(): boolean {
    return this.#native === undefined && !this.#consumed && hasBody(this.#environ);
  }

  #read(): Promise<Uint8Array> {
    this.#consumed = true;
    return this.#environ['wsgi.input'].read();
  }
}

/** The parts of a `Request` that are rarely asked for: the native one has them all. */
const GETTERS = [
  'body',
  'cache',
  'credentials',
  'destination',
  'duplex',
  'integrity',
  'isHistoryNavigation',
  'isReloadNavigation',
  'keepalive',
  'mode',
  'redirect',
  'referrer',
  'referrerPolicy',
  'targetAddressSpace',
] as const;
const METHODS = ['blob', 'bytes', 'formData'] as const;

for (const name of GETTERS) {
  // Which of them there are depends on the runtime.
  if (!(name in Request.prototype)) continue;
  Object.defineProperty(LightRequest.prototype, name, {
    configurable: true,
    enumerable: true,
    get(this: LightRequest) {
      return (this.native as unknown as Record<string, unknown>)[name];
    },
  });
}
for (const name of METHODS) {
  if (!(name in Request.prototype)) continue;
  Object.defineProperty(LightRequest.prototype, name, {
    configurable: true,
    value(this: LightRequest) {
      return (this.native as unknown as Record<string, () => Promise<unknown>>)[name]?.();
    },
  });
}
// `request instanceof Request` is to be true.
Object.setPrototypeOf(LightRequest.prototype, Request.prototype);

/** Makes a request that is made as it is used. Only where the lightweight types are installed. */
export function lightRequest(environ: Environ, url: string): Request {
  return new LightRequest(environ, url) as unknown as Request;
}

/** What native code can take: the native request behind a light one, anything else as it is. */
export function unwrapRequest(value: unknown): unknown {
  return value instanceof LightRequest ? value.handOver() : value;
}

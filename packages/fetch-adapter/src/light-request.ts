import type { Environ } from '@highball/gateway-protocol';
import { nativeRequest } from './request.ts';
import { requestFields } from './request-headers.ts';

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
    this.#native ??= nativeRequest(this.#environ, this.url, this.#headers);
    return this.#native;
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
}

/** The parts of a `Request` that are rarely asked for: the native one has them all. */
const GETTERS = [
  'body',
  'bodyUsed',
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
const METHODS = ['arrayBuffer', 'blob', 'bytes', 'formData', 'json', 'text'] as const;

for (const name of GETTERS) {
  Object.defineProperty(LightRequest.prototype, name, {
    configurable: true,
    enumerable: true,
    get(this: LightRequest) {
      return (this.native as unknown as Record<string, unknown>)[name];
    },
  });
}
for (const name of METHODS) {
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

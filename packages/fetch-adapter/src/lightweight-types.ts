import { unwrapRequest } from './light-request.ts';
import { lightResponse } from './light-response.ts';

/** What was there before, while the lightweight types are installed. */
interface Originals {
  readonly Request: typeof Request;
  readonly Response: typeof Response;
  readonly fetch: typeof fetch;
}

let originals: Originals | undefined;

/** Whether requests and responses are made lightweight at the moment. */
export function lightweightTypesInstalled(): boolean {
  return originals !== undefined;
}

/**
 * Makes the process's global `Request`, `Response` and `fetch` such that `fromFetch` need not make a native request
 * and a stream for each answer. A process decides on that once, before it loads its application; libraries should
 * leave it to the process.
 *
 * `new Response('text')` then remembers its text until something asks for a stream, and the handler's request is made
 * as it is used. Both are instances of the types that they stand for, may be cloned, wrapped and passed to `fetch`.
 * A constructor that somebody kept from before the call cannot wrap such a request.
 * @returns what puts the globals back.
 */
export function installLightweightTypes(): () => void {
  if (originals !== undefined) return uninstall;
  originals = { Request: globalThis.Request, Response: globalThis.Response, fetch: globalThis.fetch };
  define('Request', lightweightRequestType(originals.Request));
  define('Response', lightweightResponseType(originals.Response));
  define('fetch', lightweightFetch(originals.fetch));
  return uninstall;
}

function uninstall(): void {
  if (originals === undefined) return;
  for (const [name, value] of Object.entries(originals)) define(name, value);
  originals = undefined;
}

function define(name: string, value: unknown): void {
  Object.defineProperty(globalThis, name, { value, configurable: true, writable: true, enumerable: false });
}

/** `new Request(light, init)` gets the native request behind it; prototype and statics are the native ones. */
function lightweightRequestType(native: typeof Request): typeof Request {
  const type: typeof Request = new Proxy(native, {
    construct: (target, [input, ...rest]: unknown[], newTarget) =>
      Reflect.construct(
        target,
        [unwrapRequest(input), ...rest],
        newTarget === type ? target : newTarget,
      ) as object,
  });
  return type;
}

function lightweightResponseType(native: typeof Response): typeof Response {
  const json = (data: unknown, init?: ResponseInit): Response =>
    lightJson(data, init) ?? native.json(data, init);
  const type: typeof Response = new Proxy(native, {
    construct(target, args: unknown[], newTarget) {
      if (newTarget !== type) return Reflect.construct(target, args, newTarget) as object;
      return lightResponse(args[0], args[1]) ?? (Reflect.construct(target, args) as object);
    },
    get: (target, name) => (name === 'json' ? json : (Reflect.get(target, name) as unknown)),
  });
  return type;
}

/** `Response.json` of data that has a text; for the rest the native one has the errors. */
function lightJson(data: unknown, init?: ResponseInit): Response | undefined {
  if (init !== undefined && (typeof init !== 'object' || init === null || init.headers !== undefined)) {
    return undefined;
  }
  const text = JSON.stringify(data) as string | undefined;
  if (text === undefined) return undefined;
  return lightResponse(text, { ...init, headers: { 'content-type': 'application/json' } });
}

function lightweightFetch(native: typeof fetch): typeof fetch {
  return (input, init) => native(unwrapRequest(input) as Parameters<typeof fetch>[0], init);
}

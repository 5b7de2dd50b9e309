import {
  createEnvironBuilder,
  type ConnectionFacts,
  EnvironError,
  type EnvironOptions,
} from '@highball/environ';
import type { Application, Environ, ErrorStream } from '@highball/gateway-protocol';
import { GatewayResponse } from './gateway-response.ts';
import { statusLine } from './status-line.ts';
import { WebInput } from './web-input.ts';

/** What only the runtime knows of a request. What it does not tell is left empty. */
export interface FetchInfo {
  /** The client's IP address. Without it REMOTE_ADDR is empty, and nobody is a trusted proxy. */
  readonly remoteAddress?: string;
  readonly remotePort?: number;
  /** Whatever else a runtime passes is ignored. */
  readonly [key: string]: unknown;
}

/** A gateway application that has become a fetch handler. */
export type GatewayFetchHandler = (request: Request, info?: FetchInfo) => Promise<Response>;

/** Options of {@link toFetch}. */
export interface ToFetchOptions {
  /**
   * Keys, trust and mount point of `environ`. Other than with a server, no peer is trusted to speak of its client
   * unless `forwardedAllowIps` says so.
   */
  readonly environ?: EnvironOptions;
  /** `wsgi.errors`. @default a line of `console.error` for each line */
  readonly errors?: ErrorStream;
  /**
   * Bytes that `write` keeps for a client that takes them slower than an application that does not wait for it
   * writes; with more the response is cut. @default 16_777_216 (16 MiB)
   */
  readonly maxWriteBytes?: number;
}

const MAX_WRITE_BYTES = 16_777_216;
const UNKNOWN_ADDRESS = 'unknown';

/**
 * Makes a fetch handler of a gateway application, for whatever runtime calls fetch handlers. The promise resolves
 * when the head is known; the body is asked for as the runtime takes it.
 *
 * An application that fails before its head is answered 500, without the reason, which goes to `wsgi.errors`.
 * @throws EnvironOptionError when an option of the environ makes no sense.
 */
export function toFetch(app: Application, options: ToFetchOptions = {}): GatewayFetchHandler {
  const buildEnviron = createEnvironBuilder({ forwardedAllowIps: [], ...options.environ });
  const { errors = consoleErrors, maxWriteBytes = MAX_WRITE_BYTES } = options;
  return async (request, info = {}) => {
    const input = new WebInput(request.body);
    let environ: Environ;
    try {
      environ = buildEnviron(headOf(request), factsOf(request, info), input, errors);
    } catch (error) {
      if (error instanceof EnvironError) return plain(error.status);
      throw error;
    }
    extend(environ, request, info);
    const response = new GatewayResponse({ request, environ, input, errors, maxWriteBytes });
    return response.run(app);
  };
}

/** The request's head as environ wants it. HTTP/1.1 is what a fetch handler cannot tell from its successors. */
function headOf(request: Request): Parameters<ReturnType<typeof createEnvironBuilder>>[0] {
  const { pathname, search, host } = new URL(request.url);
  const fields: string[] = [];
  for (const [name, value] of request.headers) fields.push(name, value);
  return {
    method: request.method,
    target: pathname + search,
    minorVersion: 1,
    fields,
    host: request.headers.get('host') ?? host,
  };
}

function factsOf(request: Request, info: FetchInfo): ConnectionFacts {
  return {
    remoteAddress: info.remoteAddress ?? UNKNOWN_ADDRESS,
    remotePort: info.remotePort ?? 0,
    localAddress: '',
    localPort: 0,
    encrypted: request.url.startsWith('https:'),
    unix: false,
  };
}

function extend(environ: Environ, request: Request, info: FetchInfo): void {
  // An empty address would be a Unix socket's to the rules of trust; to the application it is what it is: unknown.
  if (environ.REMOTE_ADDR === UNKNOWN_ADDRESS) environ.REMOTE_ADDR = '';
  if (info.remotePort === undefined) environ.REMOTE_PORT = '';
  environ['highball.signal'] = () => request.signal;
  // A body of unknown length has to be told from none (RFC 9112 §6.3).
  if (request.body !== null && environ.CONTENT_LENGTH === undefined)
    environ.HTTP_TRANSFER_ENCODING ??= 'chunked';
}

function plain(status: number): Response {
  const line = statusLine(status, '');
  return new Response(`${line}\n`, { status, headers: { 'content-type': 'text/plain; charset=utf-8' } });
}

const consoleErrors: ErrorStream = {
  write: (text) => console.error(text.replace(/\n$/, '')),
  writelines(lines) {
    for (const line of lines) this.write(line);
  },
  flush: () => undefined,
};
